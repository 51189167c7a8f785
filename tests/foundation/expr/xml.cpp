// XMLGetNodeValue and XMLGetAttributeValue (§4.1).
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

constexpr const char* kEvent =
    R"(<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>)"
    R"(<Provider Name="Sysmon" Guid="{5770385F}"/><EventID>1</EventID><TimeCreated SystemTime='2017-12-26T13:04:16Z'/>)"
    R"(</System><EventData><Data Name="UtcTime">noon</Data><Data Name="Image">C:\a &amp; b.exe</Data>)"
    R"(<Data Name="Empty"/><Data Name="A&amp;B">both</Data><Data>bare</Data><Data Name="Image">second</Data>)"
    R"(</EventData></Event>)";

struct XmlRow {
  const char* sentence;
  std::string document;
  const char* path;
  std::string result;
};

// The value through an expression over evt.Line.Raw, as content asks for it.
std::string value(const std::string& document, std::string_view call) {
  World world;
  world.raw = document;
  return world.result(call);
}
std::string node(const std::string& document, const std::string& path) {
  return value(document, "XMLGetNodeValue(evt.Line.Raw, `" + path + "`)");
}
void check(const std::vector<XmlRow>& rows) {
  for (const XmlRow& row : rows)
    EXPECT_EQ(node(row.document, row.path), '"' + row.result + '"') << row.sentence << "\n  " << row.document;
}

TEST(Xml, PathsLeadToTheFirstElementThatFits) {
  check({
      {"absolute steps", kEvent, "/Event/System/EventID", "1"},
      {"a position counts from 1", kEvent, "/Event/System[1]/EventID", "1"},
      {"of the same name", kEvent, "/Event/EventData[1]/Data[2]", "C:\\\\a \\u0026 b.exe"},
      {"an attribute's value", kEvent, "/Event/EventData[1]/Data[@Name='UtcTime']", "noon"},
      {"the first of two", kEvent, "/Event/EventData[1]/Data[@Name='Image']", "C:\\\\a \\u0026 b.exe"},
      {"double quotes", kEvent, "/Event/EventData/Data[@Name=\"UtcTime\"]", "noon"},
      {"the attribute's value is decoded", kEvent, "/Event/EventData/Data[@Name='A&B']", "both"},
      {"an attribute that is there", kEvent, "/Event/EventData/Data[@Name]", "noon"},
      {"a position from the end", kEvent, "/Event/EventData/Data[-1]", "second"},
      {"filters one after another", kEvent, "/Event/EventData/Data[@Name='Image'][2]", "second"},
      {"any depth", kEvent, "//EventID", "1"},
      {"any name", kEvent, "/*/System/EventID", "1"},
      {"relative", kEvent, "Event/./System/EventID", "1"},
      {"back to the parent", kEvent, "/Event/EventData/../System/EventID", "1"},
      {"a child that is there", kEvent, "/Event/*[EventID]/EventID", "1"},
      {"a child's text", kEvent, "/Event/*[EventID='1']/EventID", "1"},
      {"its own text", kEvent, "/Event/EventData/Data[text()='bare']", "bare"},
      {"an empty element", kEvent, "/Event/EventData/Data[@Name='Empty']", ""},
      {"an absent name", kEvent, "/Event/Nothing", ""},
      {"an absent value", kEvent, "/Event/EventData/Data[@Name='image']", ""},
      {"a position beyond the end", kEvent, "/Event/System[2]/EventID", ""},
      {"names are case-sensitive", kEvent, "/event/System/EventID", ""},
      {"a path that is none", kEvent, "/Event/Data[", ""},
      {"position 0", kEvent, "/Event/System[0]/EventID", ""},
      {"a value without quotes", kEvent, "/Event/EventData/Data[@Name=x]", ""},
      {"nothing", kEvent, "", ""},
      {"parents without the child are passed over", "<a><b/><b><c>x</c></b></a>", "/a/b/c", "x"},
  });
}

TEST(Xml, TextStandsBeforeTheFirstElementWithin) {
  check({
      {"text before a child", "<a>before<b/>after</a>", "/a", "before"},
      {"blanks are kept", "<a> x </a>", "/a", " x "},
      {"CDATA", "<a>1<![CDATA[<b>&amp;]]>2</a>", "/a", "1\\u003cb\\u003e\\u0026amp;2"},
      {"comments are no text", "<a>1<!-- <b> -->2</a>", "/a", "12"},
      {"a processing instruction ends it", "<a>1<?x y?>2</a>", "/a", "1"},
      {"entities", "<a>&lt;&gt;&amp;&quot;&apos;</a>", "/a", "\\u003c\\u003e\\u0026\\\"'"},
      {"characters by number", "<a>&#65;&#x42;&#xe9;</a>", "/a", "ABé"},
      {"decoded once", "<a>&amp;lt;</a>", "/a", "\\u0026lt;"},
      {"what is no entity stays", "<a>AT&T &nosuch; &#xd800; &</a>", "/a",
       "AT\\u0026T \\u0026nosuch; \\u0026#xd800; \\u0026"},
      {"line ends are one byte", "<a>1\r\n2\r3</a>", "/a", "1\\n2\\n3"},
  });
}

TEST(Xml, TheReaderIsLenientAroundTheDocument) {
  check({
      {"a browser's copy of an event", "- <Event>- <System><EventID>7</EventID>- </System></Event> ",
       "/Event/System[1]/EventID", "7"},
      {"a header before it", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><!-- c --><a>x</a>", "/a",
       "x"},
      {"a stray bracket outside", "1 < 2 <a>x</a>", "/a", "x"},
      {"prefixes are ignored", "<n:a xmlns:n='u'><n:b n:c='1'>x</n:b></n:a>", "/a/b[@c='1']", "x"},
      {"blanks inside of tags", "<a  b = '1' ><c\t/>y</a >", "/a[@b='1']/c", ""},
      {"two documents", "<a>1</a><b>2</b>", "/b", "2"},
      {"no XML", "Accepted password for root", "/a", ""},
      {"nothing", "", "/a", ""},
  });
}

TEST(Xml, ADocumentThatWasCutOrForgedIsNone) {
  check({
      {"cut in a text", "<a><b>x</b><c>y", "/a/b", ""},
      {"cut in a tag", "<a><b>x</b><c", "/a/b", ""},
      {"cut in an attribute", "<a><b>x</b><c d='", "/a/b", ""},
      {"cut in a comment", "<a><b>x</b></a><!-- ", "/a/b", ""},
      {"closed by another name", "<a><b>x</c></a>", "/a/b", ""},
      {"closed by the start of its name", "<ab>x</a>", "/ab", ""},
      {"closed twice", "<a>x</a></a>", "/a", ""},
      {"an attribute without a value", "<a b>x</a>", "/a", ""},
      {"an attribute without quotes", "<a b=c>x</a>", "/a", ""},
      {"a bracket inside", "<a>1 < 2</a>", "/a", ""},
  });
}

TEST(Xml, AttributesAreReadLikeTexts) {
  EXPECT_EQ(
      value(kEvent, R"(XMLGetAttributeValue(evt.Line.Raw, "/Event/System[1]/TimeCreated", "SystemTime"))"),
      "\"2017-12-26T13:04:16Z\"");
  EXPECT_EQ(value(kEvent, R"(XMLGetAttributeValue(evt.Line.Raw, "/Event/System[1]/Provider", "Name"))"),
            "\"Sysmon\"");
  EXPECT_EQ(value(kEvent, R"(XMLGetAttributeValue(evt.Line.Raw, "/Event/System[1]/Provider", "None"))"),
            "\"\"");
  EXPECT_EQ(value(kEvent, R"(XMLGetAttributeValue(evt.Line.Raw, "/Event/Nobody", "Name"))"), "\"\"");
  EXPECT_EQ(value("<a b='1 &lt; 2'/>", R"(XMLGetAttributeValue(evt.Line.Raw, "/a", "b"))"),
            "\"1 \\u003c 2\"");
}

TEST(Xml, AskingByValueAndThenForTheValueDecodesItOnce) {
  // More than four children: the first question makes an index, which keeps decoded values.
  const std::string document = "<a><d n='1'/><d n='2'/><d n='3'/><d n='&amp;lt;'>x</d><d n='5'/></a>";
  EXPECT_EQ(value(document, "XMLGetNodeValue(evt.Line.Raw, \"/a/d[@n='&lt;']\")"), "\"x\"");
  EXPECT_EQ(value(document,
                  "XMLGetNodeValue(evt.Line.Raw, \"/a/d[@n='&lt;']\") + "
                  "XMLGetAttributeValue(evt.Line.Raw, \"/a/d[@n='&lt;']\", \"n\")"),
            "\"x\\u0026lt;\"");
}

TEST(Xml, AnIndexKnowsEveryChildOfManyByValueAndName) {
  std::string document = "<a>";
  for (int i = 0; i < 300; ++i)
    document += "<d n='" + std::to_string(i % 200) + "'>" + std::to_string(i) + "</d><e n='" +
                std::to_string(i) + "'>e" + std::to_string(i) + "</e>";
  document += "</a>";
  XmlTable table;
  ASSERT_TRUE(table.read(document));
  Arena arena;
  const auto ask = [&](const std::string& path) {
    const auto compiled = XmlPath::parse(path);
    const uint32_t id = compiled ? compiled->find(table) : 0;
    return id ? std::string(table.text(id, arena)) : "absent";
  };
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(ask("/a/d[@n='" + std::to_string(i) + "']"), std::to_string(i));
    EXPECT_EQ(ask("/a/e[@n='" + std::to_string(i) + "']"), "e" + std::to_string(i));
  }
  EXPECT_EQ(ask("/a/d[@n='200']"), "absent");
  EXPECT_EQ(ask("/a/*[@n='200']"), "e200");
}

TEST(Xml, ASecondDocumentForgetsTheFirst) {
  XmlTable table;
  Arena arena;
  const auto path = XmlPath::parse("/a/d[@n='5']");
  ASSERT_TRUE(path);
  ASSERT_TRUE(table.read("<a><d n='1'/><d n='2'/><d n='3'/><d n='4'/><d n='5'>x</d></a>"));
  EXPECT_NE(path->find(table), 0u);
  ASSERT_TRUE(table.read("<a><d n='6'/><d n='2'/><d n='3'/><d n='4'/><d n='7'>y</d></a>"));
  EXPECT_EQ(path->find(table), 0u);
  EXPECT_FALSE(table.read("no document"));
  EXPECT_EQ(path->find(table), 0u);
}

TEST(Xml, IsBounded) {
  XmlTable table;
  std::string deep;
  for (size_t i = 0; i < XmlTable::kMaxDepth; ++i) deep += "<a>";
  std::string closed = deep;
  for (size_t i = 0; i < XmlTable::kMaxDepth; ++i) closed += "</a>";
  EXPECT_TRUE(table.read(closed));
  EXPECT_FALSE(table.read("<a>" + closed + "</a>")) << "nested too deep";
  std::string wide = "<a>";
  while (wide.size() < XmlTable::kMaxText - 8) wide += "<b/>";
  EXPECT_FALSE(table.read(wide + "</a>")) << "too many elements";
  EXPECT_FALSE(table.read("<a>" + std::string(XmlTable::kMaxText, 'x') + "</a>")) << "too long";
}

TEST(Xml, APathThatWouldLookAtEverythingFindsNothing) {
  std::string document = "<a>";
  for (int i = 0; i < 5000; ++i) document += "<b><c/></b>";
  XmlTable table;
  ASSERT_TRUE(table.read(document + "</a>"));
  std::string path;
  for (int i = 0; i < 100; ++i) path += "//*/..";
  const auto compiled = XmlPath::parse(path + "/nothing");
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->find(table), 0u);
}

}  // namespace
}  // namespace testudo::expr
