#include "sentinel/acl/acl_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sentinel {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::vector<std::string> split_line(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

class Reader {
 public:
  Reader(std::string path, NewUser start) : path_(std::move(path)), start_(start) {}

  void read_line(std::string_view line) {
    ++line_;
    const std::vector<std::string> words = split_line(line);
    if (words.empty()) return;
    if (words[0] != "user" || words.size() < 2) {
      errors_ += fmt::format("{}:{} should start with user keyword followed by the username. ", path_, line_);
      return;
    }
    const std::string& name = words[1];
    const auto same = [&](const AclUser& user) { return user.name() == name; };
    if (std::any_of(users_.begin(), users_.end(), same)) {
      errors_ += fmt::format("WARNING: Duplicate user '{}' found on line {}. ", name, line_);
      return;
    }
    const auto rules = join_selectors({words.begin() + 2, words.end()});
    if (!rules) {
      errors_ += fmt::format("{}:{}: Unmatched parenthesis in selector definition. ", path_, line_);
      return;
    }
    apply(AclUser(name, start_), *rules);
  }

  Result<std::vector<AclUser>> result() && {
    if (errors_.empty()) return std::move(users_);
    return unexpected(errors_ +
                      "WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
  }

 private:
  // All unknown commands are named; what else is wrong is said once a line.
  void apply(AclUser user, const std::vector<std::string>& rules) {
    bool said = false;
    for (const std::string& rule : rules) {
      const auto applied = user.apply(rule);
      if (applied) continue;
      if (applied.error() == AclError::UnknownCommand) {
        errors_ +=
            fmt::format("{}:{}: Error in applying operation '{}': {}. ", path_, line_, rule, text_of(applied.error()));
      } else if (!std::exchange(said, true)) {
        errors_ += fmt::format("{}:{}: {}. ", path_, line_, text_of(applied.error()));
      }
    }
    users_.push_back(std::move(user));
  }

  std::string path_;
  NewUser start_;
  int line_ = 0;
  std::string errors_;
  std::vector<AclUser> users_;
};

}  // namespace

Result<std::vector<AclUser>> read_acl_text(std::string_view text, const std::string& path, NewUser start) {
  Reader reader(path, start);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reader.read_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reader).result();
}

}  // namespace sentinel
