#include "xdp/witness.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/log.h"
#include "bpf/witness.h"
#include "witness.skel.h"
#include "xdp/bpffs.h"
#include "xdp/libbpf_words.h"
#include "xdp/witness_cgroup.h"

namespace testudo::xdp {
namespace {

static_assert(sizeof(witness_value) == 12 && sizeof(witness6_key) == 8 && sizeof(witness_pace) == 8 &&
              sizeof(witness_meta) == 8);

constexpr std::string_view kFolder = "witness";
constexpr int64_t kSecond = 1'000'000'000;
// The end of a connection could be lost where another sock_ops program takes the notice of it away.
constexpr int64_t kLongestOpen = 24 * 3600;

std::string folder_of(const std::string& pin) {
  return pin + "/" + std::string(kFolder) + std::to_string(TESTUDO_WITNESS_VERSION);
}
std::string link_pin(const std::string& pin) { return folder_of(pin) + "/link"; }

uint32_t boot_seconds() { return uint32_t(boottime_ns() / kSecond); }
TimePoint wall_time_of(uint32_t boot_s) {
  return now() - Duration(boottime_ns() - int64_t(boot_s) * kSecond);
}

Error refused(const std::string& what, int err) {
  const bool denied = err == EPERM || err == EACCES;
  if (denied && locked_down())
    return Error{Code::unsupported,
                 what + ": lockdown=confidentiality forbids BPF",
                 {},
                 "boot with lockdown=integrity"};
  if (denied)
    return Error{Code::permission,
                 what + ": " + std::strerror(err),
                 {},
                 "run as root, or give the daemon CAP_BPF and CAP_NET_ADMIN"};
  utsname kernel{};
  uname(&kernel);
  return Error{Code::unsupported,
               what + " (Linux " + kernel.release + "): " + std::strerror(err) +
                   (libbpf_said().empty() ? "" : ": " + libbpf_said()),
               {},
               "it needs Linux 5.8 or later with CONFIG_CGROUP_BPF; set decide.witness.mode to off"};
}

struct Skeleton {
  witness_bpf* skeleton = nullptr;
  ~Skeleton() {
    if (skeleton) witness_bpf__destroy(skeleton);
  }
};

struct Maps {
  Map seen4, seen6, pace, meta;
  explicit operator bool() const { return seen4 && seen6 && pace && meta; }
};
struct MapName {
  const char* name;
  Map Maps::*map;
};
constexpr MapName kMaps[] = {{TESTUDO_MAP_WITNESS4, &Maps::seen4},
                             {TESTUDO_MAP_WITNESS6, &Maps::seen6},
                             {TESTUDO_MAP_WITNESS_PACE, &Maps::pace},
                             {TESTUDO_MAP_WITNESS_META, &Maps::meta}};

/// All of them or none.
Maps pinned_maps(const std::string& pin) {
  Maps maps;
  for (const MapName& row : kMaps)
    if (auto map = Map::open(folder_of(pin) + "/" + row.name, row.name)) maps.*row.map = std::move(*map);
  if (maps) return maps;
  return {};
}

/// An own link that still holds a cgroup.
Fd pinned_link(const std::string& pin) {
  Fd fd(bpf_obj_get(link_pin(pin).c_str()));
  bpf_link_info info{};
  uint32_t size = sizeof info;
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0 || info.type != BPF_LINK_TYPE_CGROUP ||
      info.cgroup.cgroup_id == 0)
    return Fd();
  return fd;
}

struct Loaded {
  Maps maps;
  Fd program;
};

/// On the maps that are given; the others are made.
Result<Loaded> load(const Maps& given, uint32_t entries) {
  Skeleton owner;
  owner.skeleton = witness_bpf__open();
  if (!owner.skeleton) return refused("the program of the wire witness cannot be read", errno);
  for (const MapName& row : kMaps) {
    bpf_map* map = bpf_object__find_map_by_name(owner.skeleton->obj, row.name);
    const bool sized = row.map == &Maps::seen4 || row.map == &Maps::seen6;
    int err = map ? 0 : -ENOENT;
    if (!err && given.*row.map)
      err = bpf_map__reuse_fd(map, (given.*row.map).fd());
    else if (!err && sized)
      err = bpf_map__set_max_entries(map, entries);
    if (err) return errno_error(std::string("cannot prepare kernel table ") + row.name, -err);
  }
  if (const int err = witness_bpf__load(owner.skeleton))
    return refused("the kernel refuses the program of the wire witness", -err);
  Loaded out;
  for (const MapName& row : kMaps) {
    const int fd = bpf_object__find_map_fd_by_name(owner.skeleton->obj, row.name);
    TESTUDO_TRY(out.maps.*row.map, Map::of(Fd(fcntl(fd, F_DUPFD_CLOEXEC, 3)), row.name));
  }
  out.program.reset(fcntl(bpf_program__fd(owner.skeleton->progs.testudo_witness), F_DUPFD_CLOEXEC, 3));
  if (!out.program) return errno_error("cannot keep the program of the wire witness", errno);
  return out;
}

Result<Fd> attach(const Fd& program) {
  TESTUDO_TRY(const Fd cgroup, open_root_cgroup());
  Fd link(bpf_link_create(program.get(), cgroup.get(), BPF_CGROUP_SOCK_OPS, nullptr));
  if (link) return link;
  if (errno == EPERM && geteuid() == 0)
    return Error{Code::conflict,
                 "another sock_ops program holds the root cgroup for itself alone",
                 {},
                 "`bpftool cgroup tree` names it"};
  return refused("the wire witness cannot be attached to the root cgroup", errno);
}

/// What came into the new map meanwhile is newer.
void copy_entries(const Map& from, const Map& to) {
  const auto copied =
      from.for_each([&](const void* key, const void* value) { (void)to.put(key, value, Put::fresh); });
  if (!copied) log::warn("witness.forgot", {{"what", copied.error().text()}});
}

Result<void> pin_all(const std::string& pin, const Maps& maps, const Fd& link, bool new_link) {
  for (const MapName& row : kMaps) {
    const std::string path = folder_of(pin) + "/" + row.name;
    unlink(path.c_str());
    TESTUDO_CHECK((maps.*row.map).pin(path));
  }
  if (!new_link) return {};
  unlink(link_pin(pin).c_str());
  if (bpf_obj_pin(link.get(), link_pin(pin).c_str()) != 0)
    return errno_error("cannot pin " + link_pin(pin), errno);
  return {};
}

void remove_folder(const std::string& folder) {
  for (const std::string& file : list_directory(folder)) unlink((folder + "/" + file).c_str());
  rmdir(folder.c_str());
}

void remove_folders(const std::string& pin, bool keep_current) {
  for (const std::string& name : list_directory(pin))
    if (name.starts_with(kFolder) && !(keep_current && pin + "/" + name == folder_of(pin)))
      remove_folder(pin + "/" + name);
}

TimePoint since_of(const Map& meta) {
  const uint32_t zero = 0;
  witness_meta value{};
  if (meta.get(&zero, &value) != 0) return TimePoint::max();
  return wall_time_of(value.attached_s);
}

Result<WitnessCounts> count(const Map& seen4, const Map& seen6, const Map& meta) {
  WitnessCounts out;
  TESTUDO_CHECK(seen4.for_each([&](const void*, const void*) { ++out.addresses4; }));
  TESTUDO_CHECK(seen6.for_each([&](const void*, const void*) { ++out.addresses6; }));
  out.room = seen4.max_entries();
  out.since = since_of(meta);
  return out;
}

}  // namespace

Result<Witness> Witness::open(const WitnessOptions& options) {
  listen_to_libbpf();
  Result<void> pins = prepare_pin_directory(options.pin);
  if (pins) pins = make_directories(folder_of(options.pin), 0700);
  if (!pins)
    log::info("witness.not_pinned", {{"why", pins.error().text()}, {"meaning", "it ends with the daemon"}});

  Maps before = pins ? pinned_maps(options.pin) : Maps();
  Fd link = pins && before ? pinned_link(options.pin) : Fd();
  if (!link) before = {};  // what was not attached has missed handshakes
  const bool resize = before && before.seen4.max_entries() != options.entries;
  Maps keep;
  if (before) {
    TESTUDO_TRY(keep.pace, Map::of(Fd(fcntl(before.pace.fd(), F_DUPFD_CLOEXEC, 3)), before.pace.name()));
    TESTUDO_TRY(keep.meta, Map::of(Fd(fcntl(before.meta.fd(), F_DUPFD_CLOEXEC, 3)), before.meta.name()));
  }
  if (before && !resize) keep = std::move(before);
  TESTUDO_TRY(Loaded loaded, load(keep, options.entries));

  const bool new_link = !link;
  if (new_link) {
    TESTUDO_TRY(link, attach(loaded.program));
    const uint32_t zero = 0;
    const witness_meta meta{TESTUDO_WITNESS_VERSION, boot_seconds()};
    if (const int err = loaded.maps.meta.put(&zero, &meta))
      return map_error(loaded.maps.meta, "writing", err);
  } else if (bpf_link_update(link.get(), loaded.program.get(), nullptr) != 0) {
    return refused("the program of the wire witness cannot be replaced", errno);
  }
  if (resize) {
    copy_entries(before.seen4, loaded.maps.seen4);
    copy_entries(before.seen6, loaded.maps.seen6);
  }
  Witness witness;
  if (pins) {
    TESTUDO_CHECK(pin_all(options.pin, loaded.maps, link, new_link));
    remove_folders(options.pin, true);
    witness.pinned_ = true;
  }
  witness.seen4_ = std::move(loaded.maps.seen4);
  witness.seen6_ = std::move(loaded.maps.seen6);
  witness.pace_ = std::move(loaded.maps.pace);
  witness.meta_ = std::move(loaded.maps.meta);
  witness.link_ = std::move(link);
  return witness;
}

std::optional<Sighting> Witness::seen(const Ip& ip) const {
  witness_value value{};
  const Map& map = ip.is_v4() ? seen4_ : seen6_;
  if (map.get(ip.bytes.data(), &value) != 0) return std::nullopt;
  Sighting out;
  out.open = value.open > 0 && boot_seconds() - value.last_s < kLongestOpen;
  out.at = out.open ? now() : wall_time_of(value.last_s);
  out.port = value.port;
  return out;
}

TimePoint Witness::since() const { return since_of(meta_); }

bool Witness::overrun(Family family, Duration window) const {
  const uint32_t at = boot_seconds();
  const auto back = uint32_t(window / 1s);
  const uint32_t first = (at > back ? at - back : 0) / TESTUDO_WITNESS_PACE_S;
  uint64_t fresh = 0;
  uint32_t slice = at / TESTUDO_WITNESS_PACE_S;
  for (int i = 0; i < TESTUDO_WITNESS_SLICES && slice >= first; ++i, --slice) {
    const uint32_t row = testudo_witness_pace_row(slice, family == Family::v6);
    witness_pace pace{};
    if (pace_.get(&row, &pace) == 0 && pace.slice == slice) fresh += pace.fresh;
    if (slice == 0) break;
  }
  // Half: the kernel's LRU is not exact, and each CPU keeps some rows for itself.
  return fresh >= seen4_.max_entries() / 2;
}

WitnessCounts Witness::counts() const {
  auto counts = count(seen4_, seen6_, meta_);
  return counts ? *counts : WitnessCounts{0, 0, seen4_.max_entries(), since()};
}

Result<WitnessCounts> witness_pinned(const std::string& pin) {
  const Maps maps = pinned_maps(pin);
  if (!maps || !pinned_link(pin)) return Error{Code::not_found, "no wire witness is attached under " + pin};
  return count(maps.seen4, maps.seen6, maps.meta);
}

void remove_witness(const std::string& pin) { remove_folders(pin, false); }

}  // namespace testudo::xdp
