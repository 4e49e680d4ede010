#include "sentinel/config/conf/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>

namespace sentinel::conf {
namespace {

constexpr mode_t kNewFileMode = 0600;  // It holds passwords.

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool close() {
    if (number_ < 0) return true;
    const int number = number_;
    number_ = -1;
    return ::close(number) == 0;
  }

 private:
  int number_;
};

Result<void> failed(const char* what) { return unexpected(fmt::format("{}: {}", what, std::strerror(errno))); }

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> write_new(const std::string& path, std::string_view text, const struct stat* old) {
  ::unlink(path.c_str());  // Left behind by a crash.
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kNewFileMode));
  if (file.number() < 0) return failed("can't create a file beside it");
  if (!write_all(file.number(), text)) return failed("can't write");
  if (old != nullptr) {
    // Only root can give a file away; the mode comes after, since chown drops bits of it.
    if (::fchown(file.number(), old->st_uid, old->st_gid) != 0 && errno != EPERM) return failed("can't set its owner");
    if (::fchmod(file.number(), old->st_mode & 07777) != 0) return failed("can't set its mode");
  }
  if (::fsync(file.number()) != 0) return failed("can't fsync");
  if (!file.close()) return failed("can't close");
  return {};
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  std::error_code no_link;
  const auto resolved = std::filesystem::canonical(path, no_link);
  const std::string target = no_link ? path : resolved.string();
  struct stat old {};
  const bool exists = ::stat(target.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) return unexpected(std::string("it is no regular file"));
  const std::string fresh = target + ".vigil-new";
  auto done = write_new(fresh, text, exists ? &old : nullptr);
  if (done && ::rename(fresh.c_str(), target.c_str()) != 0) done = failed("can't rename");
  if (!done) {
    ::unlink(fresh.c_str());
    return done;
  }
  const std::string folder = std::filesystem::path(target).parent_path().string();
  Descriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0 || ::fsync(directory.number()) != 0) return failed("can't fsync its folder");
  return {};
}

Result<std::string> read_current(const std::string& path, bool& absent) {
  absent = false;
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) {
    absent = errno == ENOENT;
    return unexpected(std::string(std::strerror(errno)));
  }
  std::string text;
  char block[1 << 16];
  while (true) {
    const ssize_t got = ::read(file.number(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unexpected(std::string(std::strerror(errno)));
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
  }
}

std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a.
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return fmt::format("{:016x} {}\n", hash, text.size());
}

}  // namespace sentinel::conf
