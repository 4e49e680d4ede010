// Replays the conversations in cases/*.txt and compares what is told.
//
// A case is comment lines, then blocks: one command, "----", what it must tell,
// an empty line. To record anew after reading the difference:
//
//   VIGIL_RECORD=1 ctest -R Scenario
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/core/scenario_cluster.h"

namespace sentinel {
namespace {

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(VIGIL_SOURCE_DIR "/tests/unit/core/cases"))
    if (file.path().extension() == ".txt") names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The file as it would be if what happens now were right.
std::string replay(const std::string& text) {
  Cluster cluster;
  std::istringstream lines(text);
  std::string result;
  std::string previous;
  bool told = false;  // Between "----" and the empty line.
  for (std::string line; std::getline(lines, line);) {
    if (line == "----") {
      result += line + "\n" + cluster.command(previous) + "\n";
      told = true;
    } else if (line.empty()) {
      if (!told) result += "\n";
      told = false;
    } else if (!told) {
      result += line + "\n";
      previous = line;
    }
  }
  while (result.size() >= 2 && result.ends_with("\n\n")) result.pop_back();
  return result;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, TellsWhatWasRecorded) {
  const std::string path = VIGIL_SOURCE_DIR "/tests/unit/core/cases/" + GetParam() + ".txt";
  std::ifstream file(path);
  std::stringstream recorded;
  recorded << file.rdbuf();
  const std::string now = replay(recorded.str());
  if (std::getenv("VIGIL_RECORD") != nullptr) {
    std::ofstream(path) << now;
    GTEST_SKIP() << "recorded";
  }
  EXPECT_EQ(recorded.str(), now);
}

INSTANTIATE_TEST_SUITE_P(Cases, Scenario, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<std::string>& row) { return row.param; });

}  // namespace
}  // namespace sentinel
