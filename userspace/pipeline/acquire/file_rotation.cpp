#include "acquire/file_rotation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"

namespace testudo {
namespace {

constexpr size_t kMaxSiblings = 64;
constexpr std::string_view kCompressed[] = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".Z"};

/// ".1", "-20260101", ".2026-01-01_12", ".old": what stands behind (or inside) a rotated file's name.
bool is_rotation_suffix(std::string_view s) {
  if (s == ".old" || s == ".prev" || s == "~") return true;
  if (s.size() < 2 || (s[0] != '.' && s[0] != '-' && s[0] != '_') || s[1] < '0' || s[1] > '9') return false;
  return s.find_first_not_of("0123456789-_.:T") == std::string_view::npos;
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

struct Sibling {
  std::string path;
  TimePoint born{};
  FileBirth birth{};
};

/// Time of birth; where the filesystem keeps none, that of the last change.
bool look(const std::string& path, TimePoint& born, FileBirth& birth) {
  struct statx st {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE | STATX_INO | STATX_MTIME | STATX_BTIME, &st) != 0)
    return false;
  const struct statx_timestamp& at = st.stx_mask & STATX_BTIME ? st.stx_btime : st.stx_mtime;
  born = from_unix_nanos(at.tv_sec * 1'000'000'000 + at.tv_nsec);
  birth = {makedev(st.stx_dev_major, st.stx_dev_minor), st.stx_ino, born};
  return S_ISREG(st.stx_mode);
}

std::vector<Sibling> siblings(const std::string& path) {
  const auto [folder, base] = split_path(path);
  std::vector<Sibling> out;
  for (const std::string& name : list_directory(folder)) {
    if (is_compressed_name(name) || !is_rotated_name(name, base)) continue;
    Sibling sibling{folder + "/" + name};
    if (look(sibling.path, sibling.born, sibling.birth)) out.push_back(std::move(sibling));
  }
  // Of two born in one instant, the one with the higher number is the older: auth.log.2, auth.log.1.
  std::stable_sort(out.begin(), out.end(), [](const Sibling& a, const Sibling& b) {
    if (a.born != b.born) return a.born < b.born;
    return a.path.size() != b.path.size() ? a.path.size() > b.path.size() : a.path > b.path;
  });
  if (out.size() > kMaxSiblings) out.erase(out.begin(), out.end() - kMaxSiblings);
  return out;
}

/// Rotated files and, last, the path itself: opened once, taken out when used.
struct Candidates {
  std::vector<std::unique_ptr<FileSegment>> rotated;
  std::vector<TimePoint> born;
  std::unique_ptr<FileSegment> current;

  bool has(const FileSegment& other) const {
    const auto same = [&](const auto& s) { return s && s->same_file(other.device(), other.inode()); };
    return same(current) || std::any_of(rotated.begin(), rotated.end(), same);
  }
  /// By inode first, then by content: after copytruncate, a copy or a new device number only content tells.
  /// Index into rotated, rotated.size() for current, -1 for none.
  int find(const FileMark& mark) {
    const auto try_one = [&](FileSegment* s, bool by_inode) {
      if (!s || (by_inode && s->inode() != mark.inode)) return false;
      if (!by_inode && mark.offset == 0) return false;  // nothing to compare: any file would do
      return s->resume(mark);
    };
    for (const bool by_inode : {true, false}) {
      if (try_one(current.get(), by_inode)) return int(rotated.size());
      for (size_t i = rotated.size(); i-- > 0;)
        if (try_one(rotated[i].get(), by_inode)) return int(i);
    }
    return -1;
  }
};

}  // namespace

bool is_compressed_name(std::string_view name) {
  return std::any_of(std::begin(kCompressed), std::end(kCompressed),
                     [&](std::string_view end) { return name.ends_with(end); });
}

bool is_rotated_name(std::string_view name, std::string_view base) {
  for (const std::string_view end : kCompressed)
    if (name.ends_with(end)) {
      name.remove_suffix(end.size());
      if (name == base) return true;
      break;
    }
  if (name.size() <= base.size()) return false;
  if (name.starts_with(base)) return is_rotation_suffix(name.substr(base.size()));
  const size_t dot = base.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view stem = base.substr(0, dot), extension = base.substr(dot);
  if (!name.starts_with(stem) || !name.ends_with(extension)) return false;
  return is_rotation_suffix(name.substr(stem.size(), name.size() - base.size()));
}

std::vector<std::string> rotated_files(const std::string& path) {
  std::vector<std::string> out;
  for (Sibling& sibling : siblings(path)) out.push_back(std::move(sibling.path));
  return out;
}

std::unique_ptr<FileSegment> find_copy(const std::string& path, const FileMark& mark) {
  if (mark.offset == 0) return nullptr;
  const std::vector<std::string> files = rotated_files(path);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    auto segment = FileSegment::open(*file);
    if (!segment || segment.value()->same_file(mark.device, mark.inode)) continue;
    if (!segment.value()->resume(mark)) continue;
    if (segment.value()->size() <= mark.offset) return nullptr;
    segment.value()->copy = true;
    return std::move(*segment);
  }
  return nullptr;
}

std::vector<FileBirth> rotated_births(const std::string& path) {
  std::vector<FileBirth> out;
  for (const Sibling& sibling : siblings(path)) out.push_back(sibling.birth);
  return out;
}

std::vector<std::unique_ptr<FileSegment>> rotated_since(const std::string& path, TimePoint since,
                                                        const std::vector<FileBirth>& done) {
  std::vector<std::unique_ptr<FileSegment>> out;
  for (const Sibling& sibling : siblings(path)) {
    if (sibling.born < since || std::find(done.begin(), done.end(), sibling.birth) != done.end()) continue;
    if (auto segment = FileSegment::open(sibling.path)) out.push_back(std::move(*segment));
  }
  return out;
}

Result<ResumePlan> plan_resume(const std::string& path, const FilePosition& saved) {
  Candidates files;
  if (auto current = FileSegment::open(path))
    files.current = std::move(*current);
  else if (current.error().code != Code::not_found)
    return current.error();
  if (!saved.marks.empty())
    for (const Sibling& sibling : siblings(path)) {
      auto segment = FileSegment::open(sibling.path);
      if (!segment || files.has(*segment.value())) continue;  // renamed while we look
      files.rotated.push_back(std::move(*segment));
      files.born.push_back(sibling.born);
    }

  ResumePlan plan;
  int newest = -1;  // of the rotated ones, what is read already or will be
  bool current_found = false;
  std::vector<int> order;
  for (const FileMark& mark : saved.marks) {
    const int i = files.find(mark);
    if (i < 0) {
      plan.lost = true;
      continue;
    }
    plan.lost = false;  // only the last mark counts: an old one may be deleted when it was finished
    if (i == int(files.rotated.size())) {
      current_found = true;
      continue;
    }
    if (std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
    newest = std::max(newest, i);
  }
  for (int i = 0; i < int(files.rotated.size()) && !current_found; ++i) {
    // Newer than the newest known one; without a known one, whatever was born since.
    const bool unread =
        newest >= 0 ? i > newest : plan.lost && files.born[size_t(i)] >= from_unix_seconds(saved.seen);
    if (unread && std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
  }
  std::sort(order.begin(), order.end());
  for (const int i : order) plan.segments.push_back(std::move(files.rotated[size_t(i)]));
  if (files.current) {
    plan.has_current = true;
    plan.segments.push_back(std::move(files.current));
  }
  return plan;
}

}  // namespace testudo
