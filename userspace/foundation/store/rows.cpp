#include "store/rows.h"

#include <fmt/format.h>

#include <charconv>

#include "store/errors.h"
#include "store/meta_json.h"

namespace testudo::store {

namespace {

TimePoint time_at(const Statement& row, int column) { return from_unix_nanos(row.integer(column)); }

// nullopt: not a prefix.
std::optional<Prefix> prefix_at(const Statement& row, int family, int address, int length) {
  const int64_t kind = row.integer(family), bits = row.integer(length);
  const std::string bytes = row.text(address);
  if ((kind != 4 && kind != 6) || bytes.size() != 16 || bits < 0 || bits > (kind == 4 ? 32 : 128))
    return std::nullopt;
  return Prefix::of(kind == 4 ? Ip::v4_bytes(bytes.data()) : Ip::v6_bytes(bytes.data()), int(bits));
}

// "PROTOCOL FIRST-PORT LAST-PORT OUTGOING UNIT RATE BURST SAMPLE", all numbers; "" is the default.
std::string terms_to_text(const Terms& t) {
  if (t == Terms()) return {};
  return fmt::format("{} {} {} {:d} {} {} {} {}", t.protocol, t.port_first, t.port_last, t.outgoing,
                     int(t.unit), t.rate, t.burst, t.sample);
}

std::optional<Terms> terms_from_text(const std::string& text) {
  Terms t;
  if (text.empty()) return t;
  uint64_t n[8];
  const char *at = text.data(), *const end = at + text.size();
  for (uint64_t& number : n) {
    if (&number != n && (at == end || *at++ != ' ')) return std::nullopt;
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc()) return std::nullopt;
    at = read.ptr;
  }
  if (at != end || n[0] > UINT8_MAX || n[1] > UINT16_MAX || n[2] > UINT16_MAX || n[3] > 1 || n[4] > 1 ||
      n[7] > UINT32_MAX)
    return std::nullopt;
  t.protocol = uint8_t(n[0]);
  t.port_first = uint16_t(n[1]);
  t.port_last = uint16_t(n[2]);
  t.outgoing = n[3] == 1;
  t.unit = Terms::Unit(n[4]);
  t.rate = n[5];
  t.burst = n[6];
  t.sample = uint32_t(n[7]);
  return t;
}

}  // namespace

AddressBytes first_address(const Prefix& prefix) { return prefix.ip.bytes; }

AddressBytes last_address(const Prefix& prefix) {
  AddressBytes bytes = prefix.ip.bytes;
  for (int bit = prefix.length; bit < prefix.ip.bits(); ++bit)
    bytes[size_t(bit) / 8] = uint8_t(bytes[size_t(bit) / 8] | (0x80 >> (bit % 8)));
  return bytes;
}

void bind_alert(Statement& statement, const Alert& alert) {
  statement.bind(alert.id)
      .bind(alert.uuid)
      .bind(alert.scenario)
      .bind(alert.scenario_version)
      .bind(alert.scenario_hash)
      .bind(alert.message)
      .bind(int64_t(alert.events_count))
      .bind(int64_t(alert.capacity))
      .bind(alert.leakspeed)
      .bind(unix_nanos(alert.start_at))
      .bind(unix_nanos(alert.stop_at))
      .bind(alert.start_text)
      .bind(alert.stop_text)
      .bind(int64_t(alert.remediation))
      .bind(int64_t(alert.simulated))
      .bind(alert.simulated_why)
      .bind(alert.kind)
      .bind(alert.machine_id)
      .bind(labels_to_json(alert.labels))
      .bind(alert_meta_to_json(alert.meta))
      .bind(normalize_scope(alert.source.scope))
      .bind(alert.source.value)
      .bind(alert.source.ip)
      .bind(alert.source.range)
      .bind(alert.source.as_number)
      .bind(alert.source.as_name)
      .bind(alert.source.cn)
      .bind_real(alert.source.latitude)
      .bind_real(alert.source.longitude)
      .bind(unix_nanos(alert.created_at))
      .bind(int64_t(alert.ambiguous))
      .bind_blob(alert.line)  // any byte may occur
      .bind(alert.source_name);
}

void bind_decision(Statement& statement, const Decision& decision, int64_t alert_id) {
  statement.bind(decision.id)
      .bind(decision.uuid)
      .bind(alert_id)
      .bind(decision.origin)
      .bind(decision.scenario)
      .bind(normalize_scope(decision.scope))
      .bind(decision.value)
      .bind(decision.type)
      .bind(int64_t(decision.duration.count()))
      .bind(unix_nanos(decision.until))
      .bind(unix_nanos(decision.created_at))
      .bind(int64_t(decision.simulated))
      .bind(decision.params);
  if (decision.prefix)
    statement.bind(int64_t(decision.prefix->ip.family))
        .bind(first_address(*decision.prefix))
        .bind(last_address(*decision.prefix))
        .bind(int64_t(decision.prefix->length));
  else
    statement.bind_null().bind_null().bind_null().bind_null();
}

void bind_change(Statement& statement, const ChangeRow& row) {
  const DecisionChange& change = row.change;
  statement.bind(int64_t(row.sequence))
      .bind(int64_t(change.op))
      .bind(int64_t(change.prefix.ip.family))
      .bind(change.prefix.ip.bytes)
      .bind(int64_t(change.prefix.length))
      .bind(int64_t(change.remediation))
      .bind(unix_nanos(change.until))
      .bind(change.origin)
      .bind(change.scenario)
      .bind(unix_nanos(row.at))
      .bind(terms_to_text(change.terms));
}

Result<Alert> read_alert(const Statement& row, const std::string& path) {
  int c = 0;
  Alert alert;
  alert.id = row.integer(c++);
  alert.uuid = row.text(c++);
  alert.scenario = row.text(c++);
  alert.scenario_version = row.text(c++);
  alert.scenario_hash = row.text(c++);
  alert.message = row.text(c++);
  alert.events_count = int32_t(row.integer(c++));
  alert.capacity = int32_t(row.integer(c++));
  alert.leakspeed = row.text(c++);
  alert.start_at = time_at(row, c++);
  alert.stop_at = time_at(row, c++);
  alert.start_text = row.text(c++);
  alert.stop_text = row.text(c++);
  alert.remediation = row.integer(c++) != 0;
  alert.simulated = row.integer(c++) != 0;
  alert.simulated_why = row.text(c++);
  alert.kind = row.text(c++);
  alert.machine_id = row.text(c++);
  auto labels = labels_from_json(row.text(c++));
  auto meta = meta_from_json(row.text(c++));
  if (!labels || !meta)
    return corrupt_error(fmt::format("alert {} has damaged labels or metas", alert.id), path);
  alert.labels = *std::move(labels);
  alert.meta = *std::move(meta);
  alert.source.scope = row.text(c++);
  alert.source.value = row.text(c++);
  alert.source.ip = row.text(c++);
  alert.source.range = row.text(c++);
  alert.source.as_number = row.text(c++);
  alert.source.as_name = row.text(c++);
  alert.source.cn = row.text(c++);
  alert.source.latitude = float(row.real(c++));
  alert.source.longitude = float(row.real(c++));
  alert.created_at = time_at(row, c++);
  alert.ambiguous = row.integer(c++) != 0;
  alert.line = row.text(c++);
  alert.source_name = row.text(c++);
  return alert;
}

Result<Decision> read_decision(const Statement& row, const std::string& path) {
  int c = 0;
  Decision decision;
  decision.id = row.integer(c++);
  decision.uuid = row.text(c++);
  decision.alert_id = row.integer(c++);
  decision.origin = row.text(c++);
  decision.scenario = row.text(c++);
  decision.scope = row.text(c++);
  decision.value = row.text(c++);
  decision.type = row.text(c++);
  decision.duration = Duration(row.integer(c++));
  decision.until = time_at(row, c++);
  decision.created_at = time_at(row, c++);
  decision.simulated = row.integer(c++) != 0;
  decision.params = row.text(c++);
  if (row.is_null(c)) return decision;
  decision.prefix = prefix_at(row, c, c + 1, c + 3);
  if (!decision.prefix)
    return corrupt_error(fmt::format("decision {} has a damaged prefix", decision.id), path);
  return decision;
}

Result<AlertEvent> read_event(const Statement& row, int64_t alert_id, const std::string& path) {
  auto meta = meta_from_json(row.text(1));
  if (!meta) return corrupt_error(fmt::format("alert {} has an event with damaged metas", alert_id), path);
  return AlertEvent{row.text(0), *std::move(meta)};
}

Result<ChangeRow> read_change(const Statement& row, const std::string& path) {
  ChangeRow change;
  change.sequence = uint64_t(row.integer(0));
  change.change.sequence = change.sequence;
  const int64_t op = row.integer(1), remediation = row.integer(5);
  const auto prefix = prefix_at(row, 2, 3, 4);
  const auto terms = terms_from_text(row.text(10));
  if (!prefix || !terms || op < 0 || op > int64_t(DecisionChange::Op::clear) || remediation < 0 ||
      remediation > int64_t(Remediation::reset))
    return corrupt_error(fmt::format("change {} is damaged", change.sequence), path);
  change.change.op = DecisionChange::Op(op);
  change.change.prefix = *prefix;
  change.change.remediation = Remediation(remediation);
  change.change.until = time_at(row, 6);
  change.change.origin = row.text(7);
  change.change.scenario = row.text(8);
  change.at = time_at(row, 9);
  change.change.terms = *terms;
  return change;
}

Result<AllowlistItem> read_allowlist_item(const Statement& row, const std::string& path) {
  AllowlistItem item;
  item.value = row.text(0);
  const auto prefix = prefix_at(row, 1, 2, 3);
  if (!prefix)
    return corrupt_error(fmt::format("allowlist item \"{}\" has a damaged prefix", item.value), path);
  item.prefix = *prefix;
  item.comment = row.text(4);
  if (!row.is_null(5)) item.expires_at = time_at(row, 5);
  item.created_at = time_at(row, 6);
  return item;
}

}  // namespace testudo::store
