// From yaml-cpp's events to the tree, under budgets: a file from a hub or an attacker may be anything.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <unordered_set>

#include "base/files.h"
#include "yaml/yaml.h"

namespace testudo {

namespace {
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxNodes = 2'000'000;
constexpr size_t kMaxText = 64u << 20;
constexpr uint64_t kMaxFile = 16u << 20;
constexpr size_t kFewKeys = 16;  // up to here a look through the entries finds a key that is there twice

/// Leaves yaml-cpp's parser from inside a handler; never leaves this file.
struct Stop {
  Error error;
};
}  // namespace

class YamlBuilder : public YAML::EventHandler {
 public:
  YamlBuilder(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // At a token that begins no node (", x") yaml-cpp sends empty documents without ever moving on.
    if (mark.pos == document_at_) stop(mark, "what stands here begins no value", "quotes make it text");
    document_at_ = mark.pos;
    stack_.clear();
    anchors_.clear();
    root_ = YamlNode{};
  }
  void OnDocumentEnd() override {
    if (!root_.is_null()) documents.push_back(std::move(root_));
    root_ = YamlNode{};
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place(make(mark, YamlNode::Kind::null), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(mark, "an alias refers to a node that is not finished", "");
    spend(mark, found->second.size);
    YamlNode copy = found->second.node;
    place(std::move(copy), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(mark, YamlNode::Kind::scalar);
    spend(mark, {0, value.size()});
    node.text_ = value;
    // Plain scalars have the tag "?", quoted and block scalars "!".
    node.quoted_ = tag == "!";
    node.content_line_ = mark.line + 1;
    const char at = size_t(mark.pos) < text_.size() && mark.pos >= 0 ? text_[size_t(mark.pos)] : '\0';
    if (node.quoted_ && (at == '|' || at == '>')) {
      // The mark of a block scalar is its indicator; the content starts on the next line that is not blank.
      node.content_line_ = mark.line + 2;
    } else if (node.quoted_ && (at == '"' || at == '\'')) {
      node.where_.column += 1;  // the first character inside the quotes
    }
    if (!node.quoted_ && (value == "~" || value == "null" || value == "Null" || value == "NULL"))
      node.kind_ = YamlNode::Kind::null;
    place(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, YamlNode::Kind::sequence), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, YamlNode::Kind::map), anchor, mark);
  }
  void OnMapEnd() override { close(); }

  std::vector<YamlNode> documents;

 private:
  /// What a tree takes in memory.
  struct Size {
    size_t nodes = 0, text = 0;
  };
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor;
    Size before;
    bool has_key = false;
    std::string key;
    Where key_place;
    std::unordered_set<std::string> keys;  ///< of a mapping with more than a few
  };
  struct Anchor {
    YamlNode node;
    Size size;
  };

  [[noreturn]] void stop(const YAML::Mark& mark, std::string message, std::string remedy) {
    throw Stop{Error{
        Code::bad_content, std::move(message), {file_, mark.line + 1, mark.column + 1}, std::move(remedy)}};
  }

  void spend(const YAML::Mark& mark, Size size) {
    spent_.nodes += size.nodes;
    spent_.text += size.text;
    if (spent_.nodes > kMaxNodes)
      stop(mark, "more than 2,000,000 YAML nodes, aliases included", "split the file");
    if (spent_.text > kMaxText)
      stop(mark, "more than 64 MiB of YAML text, aliases included", "split the file");
  }
  YamlNode make(const YAML::Mark& mark, YamlNode::Kind kind) {
    spend(mark, {1, 0});
    YamlNode node;
    node.kind_ = kind;
    node.where_ = {file_, mark.line + 1, mark.column + 1};
    return node;
  }
  void open(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (stack_.size() >= kMaxDepth) stop(mark, "YAML is nested deeper than 64 levels", "");
    const Size before{spent_.nodes - 1, spent_.text};
    stack_.push_back({std::move(node), anchor, before, false, {}, {}, {}});
  }
  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.anchor) {
      // The anchor keeps a copy, and anchors nest.
      const Size size{spent_.nodes - frame.before.nodes, spent_.text - frame.before.text};
      spend(mark_of(frame.node), size);
      anchors_[frame.anchor] = {frame.node, size};
    }
    place(std::move(frame.node), 0);
  }
  void place(YamlNode node, YAML::anchor_t anchor) {
    if (anchor) {
      const Size size{1, node.text_.size()};
      spend(mark_of(node), size);
      anchors_[anchor] = {node, size};
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind_ == YamlNode::Kind::sequence) {
      frame.node.items_.push_back(std::move(node));
      return;
    }
    if (!frame.has_key) {
      const bool simple = node.is_scalar() || node.is_null();
      const YAML::Mark mark = mark_of(node);
      if (!simple) stop(mark, "a key must be a single value, not a list or a mapping", "");
      if (is_there(frame, node.text_))
        stop(mark, "the key '" + node.text_.substr(0, 60) + "' is there twice", "keep one of them");
      frame.has_key = true;
      frame.key = node.text_;
      frame.key_place = node.where_;
      return;
    }
    frame.has_key = false;
    frame.node.entries_.emplace_back(std::move(frame.key), std::move(node));
    frame.node.key_places_.push_back(frame.key_place);
  }
  static bool is_there(Frame& frame, const std::string& key) {
    if (frame.node.entries_.size() <= kFewKeys) return frame.node.find(key) != nullptr;
    if (frame.keys.empty())
      for (const auto& entry : frame.node.entries_) frame.keys.insert(entry.first);
    return !frame.keys.insert(key).second;
  }
  static YAML::Mark mark_of(const YamlNode& node) {
    YAML::Mark mark;
    mark.line = node.where_.line - 1;
    mark.column = node.where_.column - 1;
    return mark;
  }

  std::string_view text_;
  std::string file_;
  YamlNode root_;
  int document_at_ = -1;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchor> anchors_;
  Size spent_;
};

Result<std::vector<YamlNode>> parse_yaml(std::string_view text, const std::string& file) {
  if (text.size() > kMaxFile) return Error{Code::too_large, "YAML over 16 MiB", {file}, "split the file"};
  // yaml-cpp recurses once per nesting level before any event is sent; a cheap look at the brackets keeps a
  // hostile file from exhausting the stack.
  size_t flow = 0;
  for (char c : text) {
    if (c == '[' || c == '{') ++flow;
    if ((c == ']' || c == '}') && flow > 0) --flow;
    if (flow > 2000) return Error{Code::bad_content, "more than 2,000 nested brackets", {file}, ""};
  }
  YamlBuilder builder(text, file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& stop) {
    return stop.error;
  } catch (const YAML::Exception& e) {
    return Error{Code::bad_content, "YAML: " + e.msg, {file, e.mark.line + 1, e.mark.column + 1}, ""};
  } catch (const std::exception& e) {
    return Error{Code::bad_content, std::string("YAML: ") + e.what(), {file}, ""};
  }
  return std::move(builder.documents);
}

Result<std::vector<YamlNode>> load_yaml(const std::string& path) {
  TESTUDO_TRY(std::string text, read_file(path, kMaxFile));
  return parse_yaml(text, path);
}

}  // namespace testudo
