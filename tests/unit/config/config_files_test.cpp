// Configuration on disk: secrets beside the file, permissions, the report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sentinel/config/check_report.h"
#include "sentinel/config/read_config.h"
#include "sentinel/config/yaml_tree.h"

namespace sentinel {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vigil-config-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigFiles() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    chmod(path.c_str(), mode);
    return path;
  }

  std::string folder_;
};

constexpr const char* kGroup = "bind: [127.0.0.1]\ngroups:\n- {name: a, master: 'h:1'}\n";

TEST_F(ConfigFiles, PasswordFilesAreReadBesideTheConfiguration) {
  write("client-password", "sesame\n");
  write("redis-password", "open\r\nsecond line is ignored\n");
  const auto config = read_config(
      write("s.yaml",
            std::string(kGroup) + "password-file: client-password\ndefaults: {auth-password-file: redis-password}\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->password, "sesame");
  EXPECT_EQ(config->groups.at(0).auth_pass, "open");
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST_F(ConfigFiles, UselessPasswordFilesAreErrors) {
  write("empty", "\n");
  write("long", std::string(600, 'x'));
  write("huge", std::string(100'000, 'x'));
  for (const auto& [file, problem] :
       std::vector<std::pair<std::string, std::string>>{{"empty", "the password is empty"},
                                                        {"long", "longer than 512 bytes"},
                                                        {"huge", "larger than 4096 bytes"},
                                                        {".", "cannot be read: Is a directory"}}) {
    const auto config = read_config(write("s.yaml", "password-file: " + file + "\n"));
    ASSERT_FALSE(config) << file;
    EXPECT_THAT(config.error().at(0).text, HasSubstr(problem));
    EXPECT_THAT(config.error().at(0).text, Not(HasSubstr("xxx")));
  }
}

TEST_F(ConfigFiles, PasswordsThatEveryoneCanReadAreWarnedOf) {
  const auto open = read_config(write("open.yaml", std::string(kGroup) + "password: p\n", 0644));
  ASSERT_TRUE(open);
  ASSERT_EQ(open->warnings.size(), 1u);
  EXPECT_THAT(open->warnings[0].text, HasSubstr("chmod 600"));

  const auto closed = read_config(write("closed.yaml", std::string(kGroup) + "password: p\n", 0640));
  ASSERT_TRUE(closed);
  EXPECT_THAT(closed->warnings, IsEmpty());

  const auto nothing_secret = read_config(write("plain.yaml", kGroup, 0644));
  ASSERT_TRUE(nothing_secret);
  EXPECT_THAT(nothing_secret->warnings, IsEmpty());
}

TEST_F(ConfigFiles, AMissingFileIsOneErrorWithoutALine) {
  const auto config = read_config(folder_ + "/none.yaml");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1u);
  EXPECT_EQ(format_error("none.yaml", config.error()[0]), "none.yaml: cannot be opened: No such file or directory");
}

TEST_F(ConfigFiles, TooLargeFilesAreRefusedUnread) {
  const auto config = read_config(write("big.yaml", std::string(kConfigBytesMax + 1, '#')));
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().at(0).text, HasSubstr("larger than"));
}

TEST_F(ConfigFiles, NoMessageRepeatsASecret) {
  const std::string yaml =
      "password: [hunter2]\npeer-password: {hunter2: hunter2}\npassword:hunter2: x\n"
      "webhooks:\n- url: hunter2\n- url: 'http://h/ hunter2'\n  secret: [hunter2]\n"
      "defaults:\n  auth-password: [hunter2]\n  auth-pasword:hunter2: x\n  auth-password-file: [hunter2]\n"
      "groups:\n- name: a\n  master: h:1\n  auth-user: 'a hunter2'\n";
  const auto config = read_config(write("s.yaml", yaml));
  ASSERT_FALSE(config);
  EXPECT_GE(config.error().size(), 9u);
  for (const ConfigError& error : config.error()) EXPECT_THAT(error.text, Not(HasSubstr("hunter2")));
  for (const char* broken :
       {"password: *hunter2\n", "password: &hunter2 x\n", "password: !hunter2 x\n", "password: a: hunter2\n",
        "password: 'hunter2\n", "password: \"\\hunter2\"\n", "password: %hunter2\n", "password: @hunter2\n"}) {
    const auto config2 = read_config(write("s.yaml", broken));
    if (config2) continue;
    for (const ConfigError& error : config2.error()) EXPECT_THAT(error.text, Not(HasSubstr("hunter2")));
  }
}

TEST_F(ConfigFiles, ReportListsErrorsAndCountsThem) {
  const auto config = read_config(write("s.yaml", "prot: 1\nport: x\n"));
  std::ostringstream out;
  EXPECT_EQ(write_check_report(out, "s.yaml", config, Paint::Plain), 1);
  EXPECT_EQ(out.str(),
            "s.yaml:1:1: unknown key \"prot\", did you mean \"port\"?\n"
            "s.yaml:2:7: port: \"x\" is not a whole number\n"
            "s.yaml: 2 errors\n");
}

TEST_F(ConfigFiles, ReportSaysWhatTheFileMeans) {
  const auto config = read_config(write("s.yaml",
                                        "peers: ['p:1', 'p:2']\ngroups:\n- {name: orders, master: 'h:1'}\n"
                                        "- {name: cache, master: 'h:2', crash-detection: off, write-safety: off}\n"));
  std::ostringstream out;
  EXPECT_EQ(write_check_report(out, "s.yaml", config, Paint::Plain), 0);
  EXPECT_EQ(
      out.str(),
      "warning: s.yaml: no password, and not bound to loopback only: anyone who reaches the port can order failovers\n"
      "ok: 2 groups, 3 sentinels, quorum 2\n"
      "  orders  h:1  down after 5s, or refused for 300ms; writes need 1 replica within 10s\n"
      "  cache   h:2  down after 5s; write safety off\n");
}

}  // namespace
}  // namespace sentinel
