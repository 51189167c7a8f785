// testudo reload | version
#include <cstdio>

#include "ask.h"
#include "commands.h"

namespace testudo::cli {
namespace {

int reload(Context& context, const Args&) {
  auto answer = ask(context, "POST", "/v1/testudo/reload");
  if (!answer) return fail(answer.error());
  if (context.output == Output::human)
    std::puts("reloaded");
  else
    print_json(*answer);
  return 0;
}

int version(Context& context, const Args&) {
  if (context.output == Output::json)
    print_json(json::object{{"version", TESTUDO_VERSION}});
  else
    std::printf("testudo %s\n", TESTUDO_VERSION);
  return 0;
}

}  // namespace

extern const Command reload_command{
    "reload", "read content and profiles anew, without losing a bucket", "  testudo reload\n", {}, reload};
extern const Command version_command{"version", "print the version", "  testudo version\n", {}, version};

}  // namespace testudo::cli
