// What the tests of the expression language share: one event with known fields, and evaluation to text.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "expr/classes.h"
#include "expr/code.h"
#include "expr/documents.h"
#include "expr/expr.h"
#include "expr/values.h"
#include "model/alert.h"

namespace testudo::expr {

inline Value text_value(std::string_view text) { return Value::of(text); }

/// evt.Meta: log_type ssh_failed-auth, source_ip 192.0.2.7, empty "". evt.Parsed: program sshd, n 42,
/// cmd "C:\Windows\cmd.exe /c Whoami". evt.Line.Labels: type syslog. evt.Unmarshaled: j = {"s": "text",
/// "n": 3.0, "list": ["a", "b"], "nil": nil, "deep": {"x": "y"}}, kv = map of strings {"a": "1"}.
struct World {
  SlotNames slots;
  std::unique_ptr<Event> event;
  RegexScratch regex;
  std::unique_ptr<Documents> documents;
  std::string raw = "the raw line";  ///< evt.Line.Raw
  SourceInfo source;
  Context ctx;

  Value list_items[2] = {text_value("a"), text_value("b")};
  ValueArray list{list_items, 2};
  ValueMapEntry deep_entries[1] = {{"x", text_value("y")}};
  ValueMap deep{deep_entries, 1};
  ValueMapEntry j_entries[5] = {{"s", text_value("text")},
                                {"n", Value::of(3.0)},
                                {"list", Value::of(&list)},
                                {"nil", Value()},
                                {"deep", Value::of(&deep)}};
  ValueMap j{j_entries, 5};
  ValueMapEntry kv_entries[1] = {{"a", text_value("1")}};
  ValueMap kv{kv_entries, 1};

  World() { source.labels = {{"type", "syslog"}}; }

  CompileOptions options(Type expect = Type::unknown) {
    CompileOptions o;
    o.slots = &slots;
    o.helpers = {&pure_helpers()};
    o.expect = expect;
    return o;
  }

  /// Events have as many slots as there are names: made after compiling.
  Context& context() {
    const SlotRef log_type = slots.intern(Bag::meta, "log_type"), ip = slots.intern(Bag::meta, "source_ip");
    const SlotRef empty = slots.intern(Bag::meta, "empty"), program = slots.intern(Bag::parsed, "program");
    const SlotRef n = slots.intern(Bag::parsed, "n"), cmd = slots.intern(Bag::parsed, "cmd");
    event = std::make_unique<Event>(slots);
    event->set(log_type, "ssh_failed-auth");
    event->set(ip, "192.0.2.7");
    event->set(empty, "");
    event->set(program, "sshd");
    event->set(n, "42");
    event->set(cmd, "C:\\Windows\\cmd.exe /c Whoami");
    event->raw = raw;
    event->source = &source;
    event->time = from_unix_seconds(1637000000);  // Monday 2021-11-15 18:13:20 UTC
    event->unmarshaled.emplace_back("j", Value::of(&j));
    Value texts = Value::of(&kv);
    texts.class_id = uint8_t(ClassId::text);
    event->unmarshaled.emplace_back("kv", texts);
    ctx.event = event.get();
    ctx.arena = &event->arena;
    ctx.regex = &regex;
    documents = std::make_unique<Documents>();  // as the event: what it knows is of this one
    ctx.documents = documents.get();
    return ctx;
  }

  /// The value as JSON on one line, "failed", or "error at line:column".
  std::string result(std::string_view text, CompileOptions o) {
    Result<Expression> e = Expression::compile(text, {"f.yaml", 1, 1}, o);
    if (!e)
      return "error at " + std::to_string(e.error().where.line) + ":" +
             std::to_string(e.error().where.column);
    context();
    Value value;
    if (!e->eval(ctx, value)) return "failed";
    Machine m{ctx, &slots};
    std::string json;
    return append_json(m, value, json, -1) ? json : "no JSON";
  }
  std::string result(std::string_view text) { return result(text, options()); }
};

struct Row {
  const char* sentence;
  std::string_view text;
  const char* result;
};

inline void check(const Row* rows, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    World world;
    EXPECT_EQ(world.result(rows[i].text), rows[i].result)
        << rows[i].sentence << "\n  " << rows[i].text << "\n  " << world.ctx.error;
  }
}
template <size_t count>
void check(const Row (&rows)[count]) {
  check(rows, count);
}

}  // namespace testudo::expr
