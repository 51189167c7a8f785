// any and none over lists that are known when they are compiled: nothing but the speed may change.
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

// The list, said so that the compiler cannot know it.
std::string unknown(std::string text, const std::string& list) {
  const size_t at = text.find("LIST");
  return text.replace(at, 4, "filter(" + list + " ?? evt.Unmarshaled.none, {true})");
}
std::string known(std::string text, const std::string& list) {
  return text.replace(text.find("LIST"), 4, list);
}

TEST(KnownLists, MeanWhatUnknownListsMean) {
  const char* lists[] = {"[]",
                         "['']",
                         "['cmd']",
                         "['x', 'y', 'WHOAMI', 'sshd']",
                         "['a', 1]",
                         "[nil]",
                         "['1','2','3','4','5','6','7','8','9','10','11','cmd','12']"};
  const char* shapes[] = {
      "any(LIST, {evt.Parsed.cmd contains #})",
      "none(LIST, {evt.Parsed.cmd contains #})",
      "not any(LIST, {evt.Parsed.cmd endsWith #})",
      "any(LIST, {Upper(evt.Parsed.cmd) contains Upper(#)})",
      "any(LIST, {len(#) > 0 && evt.Parsed.cmd startsWith #})",
      "any(LIST, {len(#) > 2 && # != 'cmd' && Lower(evt.Parsed.cmd) contains Lower(#)})",
      "any(LIST, {evt.Parsed.program == #})",
      "any(LIST, {# == evt.Parsed.program})",
      "any(LIST, {evt.Parsed.program != #})",
      "any(LIST, {evt.Parsed.cmd not contains #})",
      "any(LIST, {# contains evt.Parsed.cmd})",
      "any(LIST, {evt.Parsed.cmd contains (# + string(#index))})",
      "any(LIST, {evt.Unmarshaled.none contains #})",
      "any(LIST, {evt.Unmarshaled.j.n contains #})",
      "any(LIST, {evt.Line.Raw contains #})",
      "any(LIST, {evt.SetParsed('cmd', 'y') && evt.Parsed.cmd contains #})",
      "any(LIST, {evt.Parsed.cmd contains # ? evt.SetParsed('n', 'was ' + #) : false}) ? evt.Parsed.n : "
      "'none'",
      "any(LIST, {evt.Parsed.cmd contains # && # != 'cmd'})",
      "none(LIST, {evt.Parsed.cmd contains # && # != 'cmd'})",
      "any(LIST, {evt.Parsed.cmd contains # && evt.Unmarshaled.none.x})",
      "any(LIST, {evt.Parsed.cmd contains # && evt.SetParsed('cmd', 'sshd') && evt.Parsed.cmd == 'sshd'})",
      "let v = 'cmd'; any(LIST, {evt.Parsed.cmd contains v})",
      "let v = evt.Parsed.cmd; any(LIST, {v contains #}) || v == ''",
      "any(['a', 'b'], {let v = #; any(LIST, {evt.Parsed.cmd contains #})}) ? 1 : 2",
  };
  for (const char* shape : shapes)
    for (const char* list : lists) {
      World one, two;
      EXPECT_EQ(one.result(known(shape, list)), two.result(unknown(shape, list)))
          << shape << " over " << list;
    }
}

TEST(KnownLists, OfManyTextsAreOnePass) {
  World world;
  std::string list = "['0'";
  for (int i = 1; i < 200; ++i) list += ", 'text number " + std::to_string(i) + "'";
  EXPECT_EQ(world.result("any(" + list + "], {evt.Parsed.cmd contains #})"), "false");
  EXPECT_EQ(world.result("any(" + list + ", 'Whoami'], {evt.Parsed.cmd contains #})"), "true");
  EXPECT_EQ(world.result("any(" + list + ", 'Whoami'], {evt.Unmarshaled.j.n contains #})"), "failed");
  EXPECT_EQ(world.ctx.error, "contains needs strings, not float");
}

}  // namespace
}  // namespace testudo::expr
