#include "sentinel/config/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sentinel {

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return unexpected(fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::string content;
  std::array<char, 65536> chunk;
  ssize_t got = 0;
  while (content.size() <= max_bytes && (got = ::read(file, chunk.data(), chunk.size())) > 0) {
    content.append(chunk.data(), static_cast<std::size_t>(got));
  }
  const int problem = got < 0 ? errno : 0;
  ::close(file);
  if (problem != 0) return unexpected(fmt::format("cannot be read: {}", std::strerror(problem)));
  if (content.size() > max_bytes) return unexpected(fmt::format("larger than {} bytes", max_bytes));
  return content;
}

std::optional<std::string> secret_problem(const std::string& secret) {
  if (secret.empty()) return "the password is empty";
  if (secret.size() > kSecretBytesMax) return fmt::format("longer than {} bytes", kSecretBytesMax);
  if (secret.find_first_of(std::string("\r\n\0", 3)) != std::string::npos)
    return "a password holds no line end or zero byte";
  return std::nullopt;
}

Result<std::string> read_secret_file(const std::string& path) {
  constexpr std::size_t kFileBytesMax = 4096;
  auto content = read_file(path, kFileBytesMax);
  if (!content) return unexpected(fmt::format("{} {}", path, content.error()));
  std::string secret = content->substr(0, content->find('\n'));
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (const auto problem = secret_problem(secret)) return unexpected(fmt::format("{}: {}", path, *problem));
  return secret;
}

bool readable_by_everyone(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & S_IROTH) != 0;
}

std::optional<std::string> script_problem(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return fmt::format("{}: {}", path, std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return fmt::format("{} is not a file", path);
  if (::access(path.c_str(), X_OK) != 0) return fmt::format("{} is not executable: chmod +x it", path);
  return std::nullopt;
}

}  // namespace sentinel
