// Whatever bytes the file holds, reading ends with a configuration or with
// errors that lie inside the file.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "common/rng.h"
#include "sentinel/config/read_config.h"
#include "sentinel/config/yaml_tree.h"

namespace sentinel {
namespace {

std::string annotated_text() {
  std::ifstream file(VIGIL_SOURCE_DIR "/configs/sentinel.yaml");
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every key in play, so that cuts and flips fall on values too.
std::string uncommented_text() {
  std::string text = annotated_text();
  for (std::size_t at = 0; (at = text.find("  #", at)) != std::string::npos; ++at) text[at + 2] = ' ';
  return text;
}

// True when the text was accepted.
bool read_and_check(const std::string& text) {
  const auto config = read_config_text({.text = text, .path = "/s.yaml", .local_addresses = {}});
  if (config) return true;
  const int lines =
      static_cast<int>(std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r')) + 2;
  EXPECT_FALSE(config.error().empty());
  for (const ConfigError& error : config.error()) {
    EXPECT_GE(error.line, 0);
    EXPECT_LE(error.line, lines);
    EXPECT_FALSE(error.text.empty());
    EXPECT_LT(error.text.size(), 5000u);
    for (const char c : error.text) EXPECT_TRUE(c >= ' ' && c <= '~') << error.text;
  }
  return false;
}

TEST(Garbage, TruncationsOfTheAnnotatedFileAreHandled) {
  int accepted = 0;
  for (const std::string& text : {annotated_text(), uncommented_text()}) {
    ASSERT_GT(text.size(), 1000u);
    for (std::size_t length = 0; length <= text.size(); length += 41)
      accepted += read_and_check(text.substr(0, length)) ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);
}

TEST(Garbage, FlippedBytesAreHandled) {
  const std::string text = uncommented_text();
  Rng rng(7);
  for (int round = 0; round < 300; ++round) {
    std::string broken = text;
    for (std::uint64_t flips = 1 + rng.below(8); flips > 0; --flips)
      broken[rng.below(broken.size())] = static_cast<char>(rng.below(256));
    read_and_check(broken);
  }
}

TEST(Garbage, RandomYamlPunctuationIsHandled) {
  constexpr std::string_view kAlphabet = "[]{}:-,?!&*|>'\"%@#\n\n\t  abport:groups-name: 019\\\xff\xc3";
  Rng rng(11);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint64_t length = rng.below(200); length > 0; --length) text += kAlphabet[rng.below(kAlphabet.size())];
    read_and_check(text);
  }
}

TEST(Garbage, RandomBytesAreHandled) {
  Rng rng(13);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint64_t length = rng.below(300); length > 0; --length) text += static_cast<char>(rng.below(256));
    read_and_check(text);
  }
}

TEST(Garbage, NoMessageSteersTheTerminal) {
  read_and_check("password-file: \"/no/\\e[2Jwhere\"\n");
  read_and_check("peers: [\"a\\e[2J:1\", \"a\\e[2J:1\"]\n");
}

TEST(Garbage, DeepNestingEndsAtTheLimit) {
  for (const std::string opener : {"[", "{a: ", "- ", "? ", "? - ", "[{a: "}) {
    std::string text;
    while (text.size() < 500'000) text += opener;
    const auto tree = parse_yaml(text);
    ASSERT_FALSE(tree) << opener;
    EXPECT_EQ(tree.error().line, 1);
  }
}

TEST(Garbage, AliasBombsAreRefusedAtTheFirstAnchor) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 30; ++level) {
    const std::string previous = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + previous;
    for (int i = 0; i < 8; ++i) text += ", " + previous;
    text += "]\n";
  }
  const auto tree = parse_yaml(text);
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error(),
            (ConfigError{1, 5, "anchors (&name) are not supported; quote the value if it starts with &"}));
}

TEST(Garbage, AFileOfManyGroupsIsReadWhole) {
  std::string text = "bind: [127.0.0.1]\ngroups:\n";
  for (int i = 0; i < 5000; ++i) {
    text += "- name: group-" + std::to_string(i) + "\n  master: 10.0." + std::to_string(i / 250) + "." +
            std::to_string(i % 250 + 1) + ":6379\n";
  }
  const auto config = read_config_text({.text = text, .path = "/s.yaml", .local_addresses = {}});
  ASSERT_TRUE(config) << format_error("s.yaml", config.error().at(0));
  EXPECT_EQ(config->groups.size(), 5000u);
}

}  // namespace
}  // namespace sentinel
