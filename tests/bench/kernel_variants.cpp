// Ways to look a source up, measured beside one another before one of them went into bpf/lookup.h:
// where the lists' filter bits lie, what keeps innocent IPv6 packets off the trie of prefixes, and whether
// IPv6 entries of lists want a table of their own.
//
//   bench_kernel_variants [gates]        needs root; attaches to nothing
//
// Each program makes its own sources (kernel_variants.bpf.c); the rounds of all are interleaved, on one CPU.
// ns a packet, median of the rounds, the generator's own cost included and shown.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/time.h"
#include "enforce/list_table.h"
#include "kernel_variants.skel.h"
#include "xdp/map.h"

namespace {

using namespace testudo;

constexpr uint64_t kSeed = 0x7e57'5eed;
constexpr uint32_t kFilterWords = 1u << 19;
constexpr uint32_t kRepeat = 1'000'000;
constexpr int kRounds = 5;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

/// The maps of one loaded object, and the words of those that can be mapped.
struct Loaded {
  kernel_variants_bpf* skeleton;
  ~Loaded() { kernel_variants_bpf__destroy(skeleton); }
  xdp::Map map(bpf_map* map) const {
    auto out = xdp::Map::of(Fd(fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3)), bpf_map__name(map));
    if (!out) fail(out.error().text());
    return std::move(*out);
  }
  xdp::Mapped memory(bpf_map* map_) const {
    auto out = xdp::Mapped::of(map(map_));
    if (!out) fail(out.error().text());
    return std::move(*out);
  }
};

Loaded load(uint64_t sources, uint32_t networks6, uint32_t lines4, uint32_t lines6, uint32_t hash6) {
  Loaded out{kernel_variants_bpf__open()};
  if (!out.skeleton) fail("open");
  auto& maps = out.skeleton->maps;
  auto& rodata = *out.skeleton->rodata;
  rodata.filter_words = kFilterWords;
  rodata.seed = kSeed;
  rodata.sources = sources;
  rodata.networks6 = networks6;
  rodata.list4_lines = lines4;
  rodata.list6_lines = lines6;
  bpf_map__set_max_entries(maps.filter_a, kFilterWords);
  bpf_map__set_max_entries(maps.filter_b, TESTUDO_FILTER_WORDS);
  bpf_map__set_max_entries(maps.filter_pair, kFilterWords);
  bpf_map__set_max_entries(maps.list4, lines4);
  bpf_map__set_max_entries(maps.list6, lines6);
  bpf_map__set_max_entries(maps.plain4, std::max(65536u, lines4 * 5));
  bpf_map__set_max_entries(maps.hash6, hash6);
  if (kernel_variants_bpf__load(out.skeleton)) fail("load");
  return out;
}

struct Variant {
  const char* name;
  bpf_program* program;
  std::vector<uint32_t> rounds;
  uint32_t median() {
    std::sort(rounds.begin(), rounds.end());
    return rounds[rounds.size() / 2];
  }
};

void run(std::vector<Variant>& variants) {
  unsigned char frame[64] = {};
  for (int round = 0; round < kRounds; ++round)
    for (Variant& variant : variants) {
      LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof frame,
                  .repeat = int(kRepeat));
      if (bpf_prog_test_run_opts(bpf_program__fd(variant.program), &options) != 0) fail(variant.name);
      variant.rounds.push_back(options.duration);
    }
}

void print(const char* title, std::vector<Variant>& variants) {
  std::printf("%-44s", title);
  for (Variant& variant : variants) std::printf("  %s %u", variant.name, variant.median());
  std::printf("\n");
  std::fflush(stdout);
}

/// What source4() and source6() of the programs never make.
std::vector<uint32_t> listed4(size_t count) {
  std::mt19937 random(1);
  std::vector<uint32_t> out(count);
  for (uint32_t& address : out) address = uint32_t(random()) | 1u << 24;
  return out;
}

void add_bits(std::span<uint64_t> words, uint64_t hash, size_t stride = 1, size_t offset = 0) {
  words[testudo_filter_word(hash, uint32_t(words.size() / stride)) * stride + offset] |=
      testudo_filter_bits(hash);
}

double milliseconds_since(int64_t start) { return double(monotonic_ns() - start) / 1e6; }

void filters(size_t entries) {
  const auto addresses = listed4(entries);
  for (const uint64_t sources : {uint64_t(16384), uint64_t(131072), uint64_t(0)}) {
    Loaded loaded = load(sources, 0, list4_lines(entries), TESTUDO_LIST_LINES, 1024);
    auto& maps = loaded.skeleton->maps;
    const xdp::Mapped lines = loaded.memory(maps.list4), shared = loaded.memory(maps.filter_a),
                      pairs = loaded.memory(maps.filter_pair);
    ListTable4 table({&lines.as<list4_line>(), lines.words().size() / 8}, kSeed);
    const int64_t start = monotonic_ns();
    for (size_t i = 0; i < addresses.size(); ++i) {
      if (i + 16 < addresses.size()) table.prefetch(addresses[i + 16]);
      if (table.put(addresses[i], list_term(100, 0, 0)) == ListPut::no_room) fail("no room");
    }
    const double table_ms = milliseconds_since(start);
    for (const uint32_t address : addresses) add_bits(shared.words(), testudo_hash4(address, kSeed));
    const double filter_ms = milliseconds_since(start) - table_ms;
    for (const uint32_t address : addresses) add_bits(pairs.words(), testudo_hash4(address, kSeed), 2, 1);
    const xdp::Map plain = loaded.map(maps.plain4);
    const std::vector<uint32_t> values(8192, 1);
    for (size_t i = 0; i < addresses.size(); i += values.size())
      if (plain.put_batch(&addresses[i], values.data(),
                          uint32_t(std::min(values.size(), addresses.size() - i))) != 0)
        fail("plain hash");
    auto& progs = loaded.skeleton->progs;
    std::vector<Variant> variants{{"generator", progs.generator4, {}},
                                  {"shared filter", progs.filter_shared, {}},
                                  {"two filters", progs.filter_own, {}},
                                  {"pairs of words", progs.filter_pairs, {}},
                                  {"kernel hash alone", progs.plain_hash, {}}};
    run(variants);
    print((std::to_string(entries) + " in lists, sources " + (sources ? std::to_string(sources) : "random"))
              .c_str(),
          variants);
    std::printf("    table filled in %.0f ms, filter in %.0f ms, %.1f MB\n", table_ms, filter_ms,
                double(table.bytes()) / 1e6);
  }
}

void gates(uint32_t prefixes, uint32_t networks) {
  Loaded loaded = load(0, networks, TESTUDO_LIST_LINES, TESTUDO_LIST_LINES, 1024);
  auto& maps = loaded.skeleton->maps;
  const xdp::Mapped small = loaded.memory(maps.gate_small), large = loaded.memory(maps.gate_large),
                    word = loaded.memory(maps.gate_word), line = loaded.memory(maps.gate_line);
  const xdp::Map trie = loaded.map(maps.trie6);
  std::mt19937_64 random(3);
  for (uint32_t i = 0; i < prefixes; ++i) {
    const uint64_t x = random();
    uint32_t network = uint32_t(x);
    // Where the clients come from few networks, a third of the prefixes lies in those.
    if (networks && i % 3 == 0) network = uint32_t(testudo_mix64((network & (networks - 1)) + 77));
    network = (network & ~0xe0u) | 0x20u;
    const bool is_48 = i % 4 != 0;  // three of four are /48, the rest /32
    net6_key key{};
    key.length = is_48 ? 48 : 32;
    const auto site = uint16_t(x >> 32);
    std::memcpy(key.address, &network, 4);
    if (is_48) std::memcpy(key.address + 4, &site, 2);
    if (networks && !is_48 && i % 3 == 0) continue;  // a client's whole network banned is no innocent's
    const uint32_t value = 1;
    trie.put(&key, &value);
    const uint64_t hash = testudo_mix64(network ^ kSeed);
    const uint64_t hash48 = testudo_mix64(hash ^ site);
    small.words()[(uint32_t(hash >> 40) & ((1 << 16) - 1)) >> 6] |= 1ULL << (hash >> 40 & 63);
    large.words()[(uint32_t(hash >> 40) & ((1 << 20) - 1)) >> 6] |= 1ULL << (hash >> 40 & 63);
    word.words()[uint32_t(hash >> 40) & ((1 << 14) - 1)] |=
        is_48 ? 1ULL << (hash48 >> 34 & 63) : 1ULL << (hash >> 34 & 63);
    const uint32_t bit = is_48 ? testudo_bm32_bit_of_48(hash, site) : testudo_bm32_bit_of_32(hash);
    line.words()[bit / 64] |= 1ULL << (bit & 63);
  }
  auto& progs = loaded.skeleton->progs;
  std::vector<Variant> variants{
      {"generator", progs.generator6, {}},       {"trie", progs.gate_none, {}},
      {"8 KiB of /32", progs.gate_32_8k, {}},    {"128 KiB of /32", progs.gate_32_128k, {}},
      {"128 KiB, word", progs.gate_48_128k, {}}, {"128 KiB, line", progs.gate_48_line, {}}};
  run(variants);
  print((std::to_string(prefixes) + " IPv6 prefixes, sources " +
         (networks ? "from " + std::to_string(networks) + " networks" : "random"))
            .c_str(),
        variants);
}

void tables6(uint32_t entries) {
  constexpr uint64_t kSources = 131072;
  Loaded loaded = load(kSources, 0, TESTUDO_LIST_LINES, list6_lines(entries), entries);
  auto& maps = loaded.skeleton->maps;
  const xdp::Mapped lines = loaded.memory(maps.list6);
  ListTable6 table({&lines.as<list6_line>(), lines.words().size() / 8}, kSeed);
  std::vector<ban6_key> keys(entries);
  for (uint32_t i = 0; i < entries; ++i) {
    const uint64_t x = testudo_mix64(i + 0x1234567);
    const uint64_t network = (x >> 32 & ~uint64_t(0xe0)) | 0x20;
    keys[i] = {uint64_t(uint32_t(network)) | (x << 32) | 1ULL << 56, 0};
  }
  int64_t start = monotonic_ns();
  for (const ban6_key& key : keys)
    if (table.put(key, 64, list_term(100, 0, 0)) == ListPut::no_room) fail("no room");
  const double own_ms = milliseconds_since(start);
  const xdp::Map hash = loaded.map(maps.hash6);
  const std::vector<uint64_t> values(8192, 1);
  start = monotonic_ns();
  for (size_t i = 0; i < keys.size(); i += values.size())
    if (hash.put_batch(&keys[i], values.data(), uint32_t(std::min(values.size(), keys.size() - i))) != 0)
      fail("hash6");
  const double hash_ms = milliseconds_since(start);
  auto& progs = loaded.skeleton->progs;
  std::vector<Variant> variants{{"generator", progs.generator6, {}},
                                {"kernel hash", progs.hit6_hash, {}},
                                {"own table", progs.hit6_own, {}}};
  run(variants);
  print((std::to_string(entries) + " listed /64, hits").c_str(), variants);
  std::printf("    own table filled in %.0f ms, %.1f MB; kernel hash in %.0f ms; %llu of %llu hits\n", own_ms,
              double(table.bytes()) / 1e6, hash_ms,
              static_cast<unsigned long long>(loaded.skeleton->bss->hits),
              static_cast<unsigned long long>(2ull * kRounds * kRepeat));
}

}  // namespace

int main(int argc, char** argv) {
  pin_to(1);
  std::printf("ns a packet, median of %d interleaved rounds of %u\n", kRounds, kRepeat);
  const bool all = argc < 2 || std::strcmp(argv[1], "gates") != 0;
  if (all) filters(2'400'000);
  for (const uint32_t prefixes : {1000u, 10'000u, 100'000u})
    for (const uint32_t networks : {0u, 64u}) gates(prefixes, networks);
  if (all)
    for (const uint32_t entries : {200'000u, 1'000'000u}) tables6(entries);
  return 0;
}
