#include "tests/integration/support/metrics.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pcaps::integration {
namespace {

using Labels = std::map<std::string, std::set<std::string>>;

// No value of ours has a comma in it.
void AddLabels(absl::string_view text, Labels& labels) {
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> label = absl::StrSplit(part, absl::MaxSplits('=', 1));
    labels[label.first].insert(absl::StrReplaceAll(label.second, {{"\"", ""}}));
  }
}

std::string Describe(const Labels& labels) {
  std::string text;
  for (const auto& [name, values] : labels) {
    absl::StrAppend(&text, " ", name, "=", absl::StrJoin(values, ","));
  }
  return text;
}

}  // namespace

ScrapedMetrics::ScrapedMetrics(const std::string& text) {
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (absl::StartsWith(line, "# TYPE ")) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      types_[words.at(2)] = words.at(3);
    }
    if (absl::StartsWith(line, "#")) continue;
    const size_t space = line.rfind(' ');
    double value = 0;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(space + 1), &value)) << line;
    values_[std::string(line.substr(0, space))] = value;
  }
}

double ScrapedMetrics::operator[](const std::string& series) const {
  const auto found = values_.find(series);
  if (found != values_.end()) return found->second;
  ADD_FAILURE() << "no series " << series;
  return 0;
}

double ScrapedMetrics::Sum(const std::string& name) const {
  double sum = 0;
  for (const auto& [series, value] : values_) {
    if (series.substr(0, series.find('{')) == name) sum += value;
  }
  return sum;
}

ScrapedMetrics ScrapedMetrics::WhenIdle(const Gateway& gateway) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (true) {
    ScrapedMetrics metrics = Of(gateway);
    const bool idle =
        metrics.Sum("grpc_server_started_total") == metrics.Sum("grpc_server_handled_total");
    if (idle) return metrics;
    if (absl::Now() > deadline) {
      ADD_FAILURE() << "calls do not end";
      return metrics;
    }
  }
}

std::string ScrapedMetrics::Families() const {
  std::map<std::string, Labels> families;
  std::map<std::string, int> series;
  for (const auto& [name, type] : types_) families[name];
  for (const auto& [text, value] : values_) {
    const size_t brace = text.find('{');
    std::string name = text.substr(0, brace);
    if (absl::EndsWith(name, "_bucket") || absl::EndsWith(name, "_sum")) continue;
    if (types_.count(name) == 0) name = std::string(absl::StripSuffix(name, "_count"));
    EXPECT_EQ(types_.count(name), 1) << "no type: " << text;
    ++series[name];
    if (brace == std::string::npos) continue;
    AddLabels(absl::StripSuffix(absl::string_view(text).substr(brace + 1), "}"), families[name]);
  }
  std::string lines;
  for (const auto& [name, labels] : families) {
    absl::StrAppend(&lines, name, " ", types_.at(name), " ", series[name], Describe(labels), "\n");
  }
  return lines;
}

}  // namespace pcaps::integration
