#include "sentinel/rescue/rescue_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

namespace sentinel {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;  // It holds users' data.
constexpr unsigned kSameNameMax = 1000;
constexpr std::string_view kUnfinished = ".tmp";

auto failed(const std::string& what) { return unexpected(fmt::format("{}: {}", what, std::strerror(errno))); }

Result<void> write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("can't write the rescue file");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) return failed("can't make " + path);
  return {};
}

Result<void> sync_folder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return failed("can't open " + path);
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  if (!synced) return failed("can't fsync " + path);
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kFileMode);
  if (file < 0) return failed("can't create " + path);
  auto written = write_all(file, text);
  if (written && ::fsync(file) != 0) written = failed("can't fsync " + path);
  ::close(file);
  return written;
}

bool taken(const std::string& path) {
  return ::access((path + ".aof").c_str(), F_OK) == 0 || ::access((path + ".rdb").c_str(), F_OK) == 0;
}

void retain(const std::string& group_folder, unsigned keep) {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(group_folder, error)) {
    const auto suffix = entry.path().extension();
    if (suffix != ".aof" && suffix != ".rdb") continue;
    files.emplace_back(entry.last_write_time(error), entry.path());
  }
  std::sort(files.rbegin(), files.rend());
  for (std::size_t i = std::max(1U, keep); i < files.size(); ++i) {
    fs::path path = files[i].second;
    fs::remove(path, error);
    for (const char* beside : {".json", ".replayed", ".plan"}) fs::remove(path.replace_extension(beside), error);
  }
}

}  // namespace

std::string path_part(std::string_view name) {
  std::string part;
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (plain || (c == '.' && !part.empty()))
      part += c;
    else
      part += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return part;
}

Result<RescueFile> RescueFile::create(const std::string& folder, const RescueMetadata& metadata) {
  RescueFile file;
  file.group_folder_ = folder + "/" + path_part(metadata.group);
  if (auto made = make_folder(folder); !made) return unexpected(made.error());
  if (auto made = make_folder(file.group_folder_); !made) return unexpected(made.error());
  file.suffix_ = metadata.kind == RescueKind::Stream ? ".aof" : ".rdb";
  const std::string name = fmt::format("{}-{}-{}", metadata.epoch, path_part(metadata.node.host), metadata.node.port);
  // A node can be rescued twice in an epoch: it was made a master behind our back once more.
  for (unsigned count = 1; count <= kSameNameMax; ++count) {
    file.name_ = count == 1 ? name : fmt::format("{}-{}", name, count);
    file.temporary_ = file.in_group("." + file.name_ + std::string(kUnfinished));
    if (taken(file.in_group(file.name_))) continue;
    file.descriptor_ = ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode);
    if (file.descriptor_ >= 0) return file;
    if (errno != EEXIST) return failed("can't create " + file.temporary_);
  }
  return unexpected(std::string("too many rescues of one node in one epoch"));
}

RescueFile::RescueFile(RescueFile&& other) noexcept
    : group_folder_(std::move(other.group_folder_)),
      name_(std::move(other.name_)),
      suffix_(std::move(other.suffix_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

RescueFile::~RescueFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

Result<void> RescueFile::append(std::string_view text) { return write_all(descriptor_, text); }

Result<std::string> RescueFile::finish(const RescueMetadata& metadata, unsigned keep) {
  if (::fsync(descriptor_) != 0) return failed("can't fsync the rescue file");
  // The metadata first: there is no file without it.
  if (auto written = write_file(in_group(name_ + ".json"), to_json(metadata)); !written)
    return unexpected(written.error());
  const std::string path = in_group(name_ + suffix_);
  if (::rename(temporary_.c_str(), path.c_str()) != 0) return failed("can't name the rescue file");
  ::close(std::exchange(descriptor_, -1));
  if (auto synced = sync_folder(group_folder_); !synced) return unexpected(synced.error());
  retain(group_folder_, keep);
  return path;
}

void remove_unfinished(const std::string& folder) {
  std::error_code error;
  for (const auto& group : fs::directory_iterator(folder, error)) {
    for (const auto& entry : fs::directory_iterator(group.path(), error)) {
      if (entry.path().filename().string().ends_with(kUnfinished)) fs::remove(entry.path(), error);
    }
  }
}

}  // namespace sentinel
