// configs/sentinel.yaml is the manual of the configuration: complete, and true
// about the defaults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "sentinel/config/keys.h"
#include "sentinel/config/read_config.h"

namespace sentinel {
namespace {

constexpr const char* kAnnotatedFile = VIGIL_SOURCE_DIR "/configs/sentinel.yaml";

struct WrittenKey {
  std::string block;
  std::string name;
  std::string value;
  bool commented;
  std::size_t line;
  bool operator<(const WrittenKey& other) const { return std::tie(block, name) < std::tie(other.block, other.name); }
};

std::vector<std::string> annotated_lines() {
  std::ifstream file(kAnnotatedFile);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// "  #key: value" or "  - key: value", and the block it stands in. Prose has a blank after its "#".
std::vector<WrittenKey> written_keys() {
  static const std::regex block_line("([a-z]+):");
  static const std::regex key_line("( *)(#?)(- )?([a-z-]+): (.+)");
  std::vector<WrittenKey> keys;
  std::string block;
  const auto lines = annotated_lines();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (std::regex_match(lines[i], match, block_line)) {
      block = match[1];
    } else if (std::regex_match(lines[i], match, key_line)) {
      keys.push_back({match[1].length() == 0 ? "" : block, match[4], match[5], match[2].length() != 0, i});
    }
  }
  return keys;
}

TEST(AnnotatedFile, IsReadAsItStands) {
  const auto config = read_config(kAnnotatedFile);
  if (!config) {
    for (const ConfigError& error : config.error()) ADD_FAILURE() << format_error("sentinel.yaml", error);
    return;
  }
  EXPECT_EQ(config->groups.size(), 2u);
}

TEST(AnnotatedFile, HasEveryKeyTheReaderKnows) {
  const auto keys = written_keys();
  for (const KeyDoc& doc : documented_keys()) {
    const auto is_doc = [&](const WrittenKey& key) { return key.block == doc.block && key.name == doc.name; };
    EXPECT_TRUE(std::any_of(keys.begin(), keys.end(), is_doc)) << "missing: " << doc.block << "." << doc.name;
  }
  for (const std::string& block : root_blocks()) {
    const auto in_block = [&](const WrittenKey& key) { return key.block == block; };
    EXPECT_TRUE(std::any_of(keys.begin(), keys.end(), in_block)) << "missing block: " << block;
  }
}

TEST(AnnotatedFile, StatesTheDefaultsOfTheCode) {
  const auto keys = written_keys();
  for (const KeyDoc& doc : documented_keys()) {
    if (doc.default_value.empty()) continue;
    for (const WrittenKey& key : keys) {
      if (key.block != doc.block || key.name != doc.name) continue;
      EXPECT_TRUE(key.commented) << key.name;
      EXPECT_EQ(key.value, doc.default_value) << kAnnotatedFile << ":" << key.line + 1;
    }
  }
}

TEST(AnnotatedFile, SaysOfEveryOtherKeyThatItHasNoDefault) {
  const auto lines = annotated_lines();
  const auto keys = written_keys();
  for (const KeyDoc& doc : documented_keys()) {
    const bool required = doc.block == "groups" || (doc.block == "webhooks" && doc.name == "url");
    if (!doc.default_value.empty() || required) continue;
    for (const WrittenKey& key : keys) {
      if (key.block != doc.block || key.name != doc.name) continue;
      // The comment above, past sibling keys it covers too.
      bool said = false;
      for (std::size_t line = key.line; line > 0 && !lines[line - 1].empty(); --line) {
        said = said || lines[line - 1].find("Default: none") != std::string::npos;
      }
      EXPECT_TRUE(said) << kAnnotatedFile << ":" << key.line + 1 << ": " << key.name;
    }
  }
}

TEST(AnnotatedFile, HasNoKeyInProseOnly) {
  std::set<std::pair<std::string, std::string>> known;
  for (const KeyDoc& doc : documented_keys()) known.emplace(doc.block, doc.name);
  for (const KeyDoc& doc : documented_keys()) {
    if (doc.block == "defaults") known.emplace("groups", doc.name);
  }
  for (const WrittenKey& key : written_keys())
    EXPECT_TRUE(known.contains({key.block, key.name})) << key.block << "." << key.name;
}

TEST(AnnotatedFile, WrittenOutDefaultsChangeNothing) {
  std::set<std::pair<std::string, std::string>> with_default;
  for (const KeyDoc& doc : documented_keys()) {
    // The quorum's default depends on the number of sentinels.
    if (!doc.default_value.empty()) with_default.emplace(doc.block, doc.name);
  }
  auto lines = annotated_lines();
  std::size_t uncommented = 0;
  for (const WrittenKey& key : written_keys()) {
    if (!key.commented || !with_default.contains({key.block, key.name})) continue;
    std::string& line = lines[key.line];
    line.erase(line.find('#'), 1);
    ++uncommented;
  }
  EXPECT_GE(uncommented, with_default.size());
  std::ostringstream text;
  for (const std::string& line : lines) text << line << '\n';
  const auto written = read_config_text({.text = text.str(), .path = kAnnotatedFile, .local_addresses = {}});
  const auto silent = read_config_text({.text = "groups:\n- {name: orders, master: '10.0.0.1:6379'}\n"
                                                "- {name: sessions, master: '10.0.0.2:6379', write-safety: off}\n",
                                        .path = kAnnotatedFile,
                                        .local_addresses = {}});
  ASSERT_TRUE(written) << format_error("sentinel.yaml", written.error().at(0));
  ASSERT_TRUE(silent);
  EXPECT_EQ(written->groups, silent->groups);
  EXPECT_EQ(written->defaults, silent->defaults);
  EXPECT_EQ(written->listen, silent->listen);
  EXPECT_EQ(written->log, silent->log);
  EXPECT_EQ(written->limits, silent->limits);
  EXPECT_EQ(written->tls, silent->tls);
  EXPECT_EQ(written->state_dir, silent->state_dir);
  EXPECT_EQ(written->process.announce, silent->process.announce);
  EXPECT_EQ(written->process.peers, silent->process.peers);
}

}  // namespace
}  // namespace sentinel
