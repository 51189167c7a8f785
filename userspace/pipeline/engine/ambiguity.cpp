#include "engine/ambiguity.h"

#include <algorithm>
#include <cstring>

namespace testudo {
namespace {

constexpr size_t kMaxAddresses = 16;
constexpr size_t kMaxCandidates = 4;

bool hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool dec(char c) { return c >= '0' && c <= '9'; }

/// Where the dotted quad ends that starts at `start` with a digit; 0 when there is none.
size_t quad_end(std::string_view text, size_t start) {
  size_t at = start;
  for (int part = 0;; ++part) {
    size_t digits = 0;
    for (; at < text.size() && dec(text[at]); ++at) ++digits;
    if (digits == 0 || digits > 3) return 0;
    if (part == 3) return at;
    if (at == text.size() || text[at] != '.') return 0;
    ++at;
  }
}

/// Up to three characters that stand right before (or behind) an address in `text`.
std::string_view before(std::string_view text, std::string_view address) {
  const auto at = size_t(address.data() - text.data());
  const size_t n = std::min<size_t>(3, at);
  return text.substr(at - n, n);
}
std::string_view behind(std::string_view text, std::string_view address) {
  const size_t at = size_t(address.data() - text.data()) + address.size();
  return text.substr(at, 3);
}

/// Does the match begin inside of quotes that it did not open? What stands in quotes is what somebody said.
/// `client sent invalid protocol identifier "Failed password for root from 8.8.8.8 port 22 ssh2"` holds no
/// other address than the invented one. (In a line of JSON everything stands in quotes, and that says
/// nothing.)
bool begins_inside_quotes(const parse::MatchSpan& span) {
  const auto begin = size_t(span.matched.data() - span.subject.data());
  if (begin == 0 || span.subject.front() == '{') return false;
  return std::count(span.subject.begin(), span.subject.begin() + std::ptrdiff_t(begin), '"') % 2 == 1;
}

/// The first dot between digits, from `p` on. Sixteen bytes at a time: a path of 64 KiB may be all dots.
const char* dot_in_number(const char* begin, const char* p, const char* end) {
  using Block = uint8_t __attribute__((vector_size(16)));
  const auto load = [](const char* from) {
    Block block;
    std::memcpy(&block, from, sizeof block);
    return block;
  };
  const auto is_digit = [](Block bytes) { return Block(uint8_t(10) > bytes - uint8_t('0')); };
  if (p == begin) ++p;
  for (; end - p > 16; p += 16) {
    const Block here = is_digit(load(p - 1)) & Block(load(p) == uint8_t('.')) & is_digit(load(p + 1));
    uint64_t halves[2];
    std::memcpy(halves, &here, sizeof halves);
    if (halves[0] | halves[1]) break;
  }
  for (; end - p > 1; ++p)
    if (*p == '.' && dec(p[-1]) && dec(p[1])) return p;
  return nullptr;
}

}  // namespace

bool nobodys(const Ip& ip) {
  if (!ip.is_v4()) return ip == Ip{{}, Family::v6};
  return ip.bytes[0] == 0 || (ip.bytes[1] == 0 && ip.bytes[2] == 0 && ip.bytes[3] == 0);
}

void find_addresses(std::string_view text, size_t limit, std::vector<FoundAddress>& out, const Ip* except) {
  out.clear();
  const char* p = text.data();
  const size_t n = text.size();
  for (size_t i = 0; i < n && out.size() < limit;) {
    if (!hex(p[i]) && p[i] != ':') {
      ++i;
      continue;
    }
    // A run of the characters that addresses are made of, from its start.
    size_t end = i, dots = 0, colons = 0;
    while (end < n && (hex(p[end]) || p[end] == '.' || p[end] == ':')) {
      dots += p[end] == '.';
      colons += p[end] == ':';
      ++end;
    }
    if (dots >= 3 || colons >= 2) {
      std::string_view run = text.substr(i, end - i);
      // "1.2.3.4:443", "1.2.3.4." and "fe80::1:" end in what is not part of the address.
      std::optional<Ip> ip = Ip::parse(run);
      // "client:2001:db8::1": a colon before the address is not part of it.
      if (!ip && run.size() > 1 && run[0] == ':' && run[1] != ':') {
        run.remove_prefix(1);
        ip = Ip::parse(run);
      }
      while (!ip && !run.empty() && (run.back() == '.' || run.back() == ':')) {
        run.remove_suffix(1);
        ip = Ip::parse(run);
      }
      if (!ip && dots >= 3) {
        // Dotted quads inside a longer run.
        for (size_t start = 0; start < run.size() && !ip; ++start) {
          if (!dec(run[start]) || (start > 0 && (dec(run[start - 1]) || run[start - 1] == '.'))) continue;
          const size_t stop = quad_end(run, start);
          if (!stop) continue;
          ip = Ip::parse(run.substr(start, stop - start));
          if (ip) run = run.substr(start, stop - start);
        }
      }
      const bool known =
          !ip || nobodys(*ip) || (except && *ip == *except) ||
          std::any_of(out.begin(), out.end(), [&](const FoundAddress& f) { return f.ip == *ip; });
      if (!known) out.push_back({*ip, run});
    }
    i = end + 1;
  }
}

bool may_hold_another(std::string_view text, std::string_view source) {
  const char *begin = text.data(), *end = begin + text.size();
  const char *skip = source.data(), *skip_end = skip + source.size();
  if (skip < begin || skip_end > end) skip = skip_end = end;
  const auto next = [&](const char* p, const auto& find) {
    for (;;) {
      p = p < end ? find(p) : nullptr;
      if (!p || p < skip || p >= skip_end) return p;
      p = skip_end;
    }
  };
  // The first dot of a quad: digits before it, and two more numbers and dots behind.
  const auto dot = [&](const char* p) { return dot_in_number(begin, p, end); };
  for (const char* p = next(begin, dot); p; p = next(p + 1, dot)) {
    size_t start = size_t(p - begin);
    while (start > 0 && dec(begin[start - 1])) --start;
    const size_t stop = quad_end(text, start);
    if (!stop) continue;
    const auto ip = Ip::parse(text.substr(start, stop - start));
    if (ip && !nobodys(*ip) && text.substr(start, stop - start) != source) return true;
    p = begin + stop - 1;
  }
  // Two colons in a row, or six in one run: a time of day has neither.
  const auto colon = [&](const char* p) {
    return static_cast<const char*>(std::memchr(p, ':', size_t(end - p)));
  };
  for (const char* p = next(begin, colon); p; p = next(p, colon)) {
    int colons = 0;
    bool twice = false;
    for (; p < end && p != skip && (hex(*p) || *p == ':'); ++p) {
      colons += *p == ':';
      twice = twice || (*p == ':' && p + 1 < end && p[1] == ':');
    }
    if (colons >= 6 || twice) return true;
  }
  return false;
}

bool a_stranger_may_have_written_it(std::string_view line) {
  // 2026/06/01 10:00:00 [error] 9#9: …
  return line.size() > 21 && line[4] == '/' && line[7] == '/' && line[10] == ' ' && line[13] == ':' &&
         line[16] == ':' && line[19] == ' ' && line[20] == '[' && dec(line[0]) && dec(line[5]) &&
         dec(line[8]) && line.find('#', 21) != std::string_view::npos;
}

void Ambiguity::add(const Ip& ip) {
  out_.ambiguous = true;
  std::string text = ip.text();
  if (std::find(out_.candidates.begin(), out_.candidates.end(), text) != out_.candidates.end()) return;
  if (out_.candidates.size() < kMaxCandidates)
    out_.candidates.push_back(std::move(text));
  else
    out_.complete = false;
}

const parse::MatchSpan* Ambiguity::span_of(std::string_view source, const parse::RunContext& context) {
  // The most specific match that holds the source: the message's, not the syslog header's.
  const parse::MatchSpan* span = nullptr;
  for (const parse::MatchSpan& s : context.spans)
    if (source.data() >= s.matched.data() &&
        source.data() + source.size() <= s.matched.data() + s.matched.size())
      span = &s;
  return span;
}

bool Ambiguity::worth_asking(const Event& event, const parse::RunContext& context) const {
  const std::string_view source = event.get(set_.source_ip);
  if (source.empty()) return false;
  if (a_stranger_may_have_written_it(event.raw)) return true;
  const parse::MatchSpan* span = span_of(source, context);
  if (span && begins_inside_quotes(*span)) return true;
  return may_hold_another(span ? span->subject : event.raw, source);
}

const Ambiguity::Doubt& Ambiguity::ask(const Event& event, const parse::RunContext& context) {
  out_.ambiguous = false;
  out_.complete = true;
  out_.candidates.clear();
  const std::string_view source = event.get(set_.source_ip);
  const auto ip = Ip::parse(source);
  if (!ip) return out_;
  // What it says is no better than what it names: candidates would only be more accused.
  if (a_stranger_may_have_written_it(event.raw)) {
    out_.ambiguous = true;
    out_.complete = false;
    return out_;
  }
  const parse::MatchSpan* span = span_of(source, context);
  if (span && begins_inside_quotes(*span)) {
    out_.ambiguous = true;
    out_.complete = false;
  }
  find_addresses(span ? span->subject : event.raw, 1, found_, &*ip);
  if (found_.empty()) return out_;
  if (span) ask_outside(*span, source, *ip);
  context_.enrich.today = context.enrich.today;
  context_.enrich.zone = context.enrich.zone;
  context_.enrich.replay = context.enrich.replay;
  ask_masked(event, source, *ip);
  return out_;
}

// Only what the pattern never looked at: inside the match a stranger may write as many addresses as he likes.
void Ambiguity::ask_outside(const parse::MatchSpan& span, std::string_view source, const Ip& ip) {
  const std::string_view subject = span.subject, lead = before(subject, source),
                         tail = behind(subject, source);
  const auto begin = size_t(span.matched.data() - subject.data()), end = begin + span.matched.size();
  for (const std::string_view part : {subject.substr(0, begin), subject.substr(end)}) {
    find_addresses(part, kMaxAddresses, found_, &ip);
    // More than are looked at: the true one may be among the rest.
    if (found_.size() >= kMaxAddresses) {
      out_.ambiguous = true;
      out_.complete = false;
    }
    for (const FoundAddress& f : found_)
      if ((!lead.empty() && lead == before(subject, f.text)) ||
          (!tail.empty() && tail == behind(subject, f.text)))
        add(f.ip);
  }
}

void Ambiguity::ask_masked(const Event& event, std::string_view source, const Ip& ip) {
  masked_.assign(event.raw);
  for (size_t at = masked_.find(source); at != std::string::npos;
       at = masked_.find(source, at + source.size()))
    masked_.replace(at, source.size(), source.size(), '\x01');
  event_.reset();
  event_.raw = masked_;
  event_.source = event.source;
  event_.src = event.src;
  event_.module = event.module;
  event_.arrived = event.arrived;
  event_.time = event.arrived;
  if (parse::run_stages(set_, event_, context_) == parse::Outcome::unparsed) return;
  const auto masked_ip = Ip::parse(event_.get(set_.source_ip));
  if (masked_ip && *masked_ip != ip) add(*masked_ip);
}

}  // namespace testudo
