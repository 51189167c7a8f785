#include "xdp/program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include <cstring>

#include "base/log.h"
#include "base/text.h"
#include "bpf/list.h"
#include "testudo.skel.h"
#include "xdp/libbpf_words.h"

namespace testudo::xdp {
namespace {

Error load_error(int err) {
  const std::string what = "the kernel refuses the XDP program";
  if (err == EPERM || err == EACCES) {
    if (locked_down())
      return Error{Code::unsupported,
                   what + ": lockdown=confidentiality forbids BPF",
                   {},
                   "boot with lockdown=integrity, or set enforce.mode to nftables"};
    return Error{Code::permission,
                 what + ": " + std::strerror(err) + (libbpf_said().empty() ? "" : ": " + libbpf_said()),
                 {},
                 "run as root, or give the daemon CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"};
  }
  if (err == ENOMEM)
    return errno_error(what, err, {}, "lower enforce.max_entries, or raise the unit's MemoryMax");
  utsname kernel{};
  uname(&kernel);
  return Error{Code::unsupported,
               what + " (Linux " + kernel.release + "): " + std::strerror(err) +
                   (libbpf_said().empty() ? "" : ": " + libbpf_said()),
               {},
               "XDP needs Linux 5.18 or later with CONFIG_BPF_SYSCALL; set enforce.mode to nftables"};
}

Result<uint64_t> random_seed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != ssize_t(sizeof seed))
    return errno_error("cannot get a random seed", errno);
  return seed;
}

uint64_t boot_id_hash() {
  const auto text = read_file("/proc/sys/kernel/random/boot_id", 128);
  return text ? stable_hash(trim(*text)) : 0;
}

struct Skeleton {
  testudo_bpf* skeleton = nullptr;
  ~Skeleton() {
    if (skeleton) testudo_bpf__destroy(skeleton);
  }
};

uint32_t size_for(const char* name, const TableSizes& sizes) {
  const std::string_view map = name;
  if (map == TESTUDO_MAP_FILTER4 || map == TESTUDO_MAP_FILTER6) return sizes.filter_words;
  if (map == TESTUDO_MAP_BAN4 || map == TESTUDO_MAP_BAN6 || map == TESTUDO_MAP_BAN6_64) return sizes.bans;
  return 0;  // as bpf/maps.h says
}

Result<uint64_t> filter_seed(const Tables& tables) {
  if (!tables.meta) return random_seed();
  const uint32_t zero = 0;
  testudo_meta meta{};
  if (const int err = tables.meta.get(&zero, &meta)) return map_error(tables.meta, "reading", err);
  return uint64_t(meta.seed);
}

Result<void> write_meta(const Tables& tables, uint64_t seed) {
  const uint32_t zero = 0;
  testudo_meta meta{};
  meta.abi_version = TESTUDO_ABI_VERSION;
  meta.seed = seed;
  meta.generation = 1;
  meta.boot_id_hash = boot_id_hash();
  meta.event_sample = TESTUDO_EVENT_SAMPLE;
  if (const int err = tables.meta.put(&zero, &meta)) return map_error(tables.meta, "writing", err);
  return {};
}

}  // namespace

Result<Program> Program::load(Tables& tables, const TableSizes& sizes, uint32_t features) {
  auto program = load_once(tables, sizes, features, {});
  if (program || !tables.next_prog) return program;
  // A table of programs takes only what is like the first: in multi-buffer frames, on some kernels in the
  // attach type, which loaders set or leave 0. Nobody tells how a foreign program was loaded.
  for (const Kind kind : {Kind{false, true}, Kind{true, false}, Kind{false, false}}) {
    auto other = load_once(tables, sizes, features, kind);
    if (!other) continue;
    if (!kind.multi_buffer)
      log::info("enforce.no_multi_buffer", {{"why", "the foreign program that runs behind ours takes none"}});
    return other;
  }
  return program;
}

Result<Program> Program::load_once(Tables& tables, const TableSizes& sizes, uint32_t features, Kind kind) {
  listen_to_libbpf();
  Skeleton owner;
  owner.skeleton = testudo_bpf__open();
  if (!owner.skeleton) return load_error(errno);
  testudo_bpf& skeleton = *owner.skeleton;
  for (const TableName& table : table_names()) {
    bpf_map* map = bpf_object__find_map_by_name(skeleton.obj, table.name);
    const Map& given = tables.*table.map;
    int err = map ? 0 : -ENOENT;
    if (!err && given)
      err = bpf_map__reuse_fd(map, given.fd());
    else if (const uint32_t size = size_for(table.name, sizes); !err && size)
      err = bpf_map__set_max_entries(map, size);
    if (err) return errno_error(std::string("cannot prepare kernel table ") + table.name, -err);
  }
  const bool fresh = !tables.meta;
  TESTUDO_TRY(const uint64_t seed, filter_seed(tables));
  skeleton.rodata->filter4_words = tables.filter4 ? tables.filter4.max_entries() : sizes.filter_words;
  skeleton.rodata->filter6_words = tables.filter6 ? tables.filter6.max_entries() : sizes.filter_words;
  skeleton.rodata->list4_lines = tables.list4 ? tables.list4.max_entries() : TESTUDO_LIST_LINES;
  skeleton.rodata->list6_lines = tables.list6 ? tables.list6.max_entries() : TESTUDO_LIST_LINES;
  skeleton.rodata->filter_seed = seed;
  skeleton.rodata->features = features;
  if (!kind.attach_type) bpf_program__set_expected_attach_type(skeleton.progs.testudo, bpf_attach_type(0));
  if (kind.multi_buffer)
    bpf_program__set_flags(skeleton.progs.testudo,
                           bpf_program__flags(skeleton.progs.testudo) | uint32_t(BPF_F_XDP_HAS_FRAGS));
  if (const int err = testudo_bpf__load(owner.skeleton)) return load_error(-err);

  for (const TableName& table : table_names()) {
    if (tables.*table.map) continue;
    const int fd = bpf_object__find_map_fd_by_name(skeleton.obj, table.name);
    TESTUDO_TRY(tables.*table.map, Map::of(Fd(fcntl(fd, F_DUPFD_CLOEXEC, 3)), table.name));
  }
  if (fresh) TESTUDO_CHECK(write_meta(tables, seed));
  Program program;
  program.fd_.reset(fcntl(bpf_program__fd(skeleton.progs.testudo), F_DUPFD_CLOEXEC, 3));
  program.outgoing_.reset(fcntl(bpf_program__fd(skeleton.progs.testudo_out), F_DUPFD_CLOEXEC, 3));
  if (!program.fd_ || !program.outgoing_) return errno_error("cannot keep the XDP program", errno);
  return program;
}

Result<Program::Timed> Program::time(std::span<const uint8_t> frame, uint32_t repeat) const {
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = uint32_t(frame.size()),
              .repeat = int(repeat));
  if (bpf_prog_test_run_opts(fd(), &options) != 0)
    return errno_error("cannot run the XDP program on a frame of " + std::to_string(frame.size()) + " bytes",
                       errno);
  return Timed{Verdict(options.retval), options.duration};
}

Result<Program::Answer> Program::answer(std::span<const uint8_t> frame) const {
  std::vector<uint8_t> out(frame.size() + 256);
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_out = out.data(),
              .data_size_in = uint32_t(frame.size()), .data_size_out = uint32_t(out.size()), .repeat = 1);
  if (bpf_prog_test_run_opts(fd(), &options) != 0)
    return errno_error("cannot run the XDP program on a frame of " + std::to_string(frame.size()) + " bytes",
                       errno);
  out.resize(options.data_size_out);
  return Answer{Verdict(options.retval), std::move(out)};
}

Result<bool> Program::drops_outgoing(std::span<const uint8_t> frame) const {
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = uint32_t(frame.size()),
              .repeat = 1);
  if (bpf_prog_test_run_opts(outgoing_fd(), &options) != 0)
    return errno_error(
        "cannot run the program of the way out on a frame of " + std::to_string(frame.size()) + " bytes",
        errno);
  return options.retval == TC_ACT_SHOT;
}

Result<Verdict> Program::run(std::span<const uint8_t> frame) const {
  TESTUDO_TRY(const Timed timed, time(frame, 1));
  return timed.verdict;
}

}  // namespace testudo::xdp
