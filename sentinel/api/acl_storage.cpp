#include "sentinel/api/acl_storage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "sentinel/acl/acl_file.h"

namespace sentinel {
namespace {

// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Result<void> failed(std::string_view step, const std::string& path) {
  return unexpected(fmt::format("Saving the ACLs: cannot {} {}: {}", step, path, std::strerror(errno)));
}

}  // namespace

Result<std::string> read_acl_file(const std::string& path) {
  const auto fail = [&] {
    return unexpected(fmt::format("Error loading ACLs, opening file '{}': {}", path, std::strerror(errno)));
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return fail();
  std::string text;
  char buffer[16384];
  while (true) {
    const ssize_t count = ::read(file.number(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail();
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > kAclFileBytesMax) {
      errno = EFBIG;
      return fail();
    }
  }
}

Result<void> write_acl_file(const std::string& path, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  struct stat before {};
  const mode_t mode = ::stat(path.c_str(), &before) == 0 ? before.st_mode & 0777U : 0600U;
  const std::string temporary = fmt::format("{}.tmp-{}", path, ::getpid());
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.open()) return failed("open", temporary);
    if (!write_all(file.number(), text) || ::fsync(file.number()) != 0) {
      auto result = failed("write", temporary);
      ::unlink(temporary.c_str());
      return result;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto result = failed("rename", temporary);
    ::unlink(temporary.c_str());
    return result;
  }
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open() || ::fsync(directory.number()) != 0) return failed("sync", folder);
  return {};
}

}  // namespace sentinel
