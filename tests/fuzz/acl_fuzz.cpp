// ACL files and the rules in them: a user that was read is written as rules
// that give the same user again, on one line, whatever stood in the file.
#include "sentinel/acl/acl_file.h"
#include "sentinel/acl/users.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

void check_same(const AclUser& user, const AclUser& again) {
  CHECK(user.describe() == again.describe());
  CHECK(user.unrestricted() == again.unrestricted());
  const auto& commands = AclCatalogue::instance().commands();
  for (CommandIndex index = 0; index < commands.size(); ++index) {
    for (const std::string_view word : {"server", "__sentinel__:hello", "a"}) {
      const std::string_view words[]{commands[index].name, word};
      CHECK(user.judge(index, words) == again.judge(index, words));
    }
  }
}

// A line of a file, taken apart as sentinel.conf's words are.
void check_setuser(const std::string& line) {
  AclUsers users({.all_channels = false});
  std::vector<std::string> rules;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find('\0', at), line.size());
    rules.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  const std::vector<std::string> before = users.lines();
  if (!users.set("u", rules)) {
    CHECK(users.lines() == before);  // All or nothing.
    return;
  }
  const std::string written = users.find("u")->describe();
  CHECK(written.find_first_of("\r\n") == std::string::npos);
}

void check(std::string_view text) {
  check_setuser(std::string(text));
  for (const bool all_channels : {false, true}) {
    const NewUser start{.all_channels = all_channels};
    const auto users = read_acl_text(text, "file", start);
    if (!users) {
      CHECK(!users.error().empty());
      continue;
    }
    std::string written;
    for (const AclUser& user : *users) written += "user " + user.name() + " " + user.describe() + "\n";
    const auto again = read_acl_text(written, "file", start);
    CHECK(again.has_value() && again->size() == users->size());
    for (std::size_t i = 0; i < users->size(); ++i) check_same((*users)[i], (*again)[i]);
  }
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::check(sentinel::expand_runs(sentinel::text_of(data, size)));
  return 0;
}
