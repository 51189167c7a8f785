// parse/node_compiler.h: compiles one document and collects all of what is wrong with it; used by
// node_compile.cpp and step_compile.cpp alone.
#pragma once

#include "parse/node_compile.h"

namespace testudo::parse {

class NodeCompiler {
 public:
  explicit NodeCompiler(CompileEnv& env) : env_(env) {}
  /// Null when errors() has grown.
  std::unique_ptr<Node> node(const YamlNode& yaml, int depth);
  Errors& errors() { return errors_; }

 private:
  // node_compile.cpp
  void patterns(const YamlNode& yaml);
  void children(const YamlNode& yaml, int depth, Node& out);
  void plain_keys(const YamlNode& yaml);

  // step_compile.cpp
  enum class Level : uint8_t { node, grok };
  void statics(const YamlNode* yaml, Level level, Statics& out);
  std::optional<Static> one_static(const YamlNode& yaml, Level level);
  bool target(const YamlNode& yaml, Level level, Static& out);
  bool method(const YamlNode& yaml, const std::string& name, Static& out);
  bool path(const YamlNode& yaml, std::string_view path, Static& out);
  std::unique_ptr<GrokStep> grok(const YamlNode& yaml);
  std::unique_ptr<Whitelist> whitelist(const YamlNode& yaml);
  std::optional<StashStep> stash(const YamlNode& yaml);
  std::optional<TextSource> source(const YamlNode& yaml);
  std::optional<expr::Expression> expression(const YamlNode& yaml, expr::Type expect);

  bool keys(const YamlNode& yaml, const char* what, const std::vector<std::string>& known);
  /// The scalar under `key`, "" when it is not there; anything but a scalar is an error.
  std::string text(const YamlNode& yaml, const char* key);
  void fail(Error error) { errors_.push_back(std::move(error)); }

  CompileEnv& env_;
  Errors errors_;
};

}  // namespace testudo::parse
