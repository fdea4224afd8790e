#include "service/telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pcaps {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

// What is written while `run` does, without times.
template <typename Run>
std::string Written(LogLevel level, LogFormat format, Run run) {
  CaptureStderr();
  {
    Log log(level, format);
    run(log);
  }
  std::string lines;
  for (std::string rest = GetCapturedStderr(); !rest.empty();) {
    const size_t end = rest.find('\n') + 1;
    const size_t time = rest.find('Z');
    lines += rest.substr(time + 1, end - time - 1);
    rest.erase(0, end);
  }
  return lines;
}

TEST(Log, IsOneLineForEachEvent) {
  const auto run = [](Log& log) {
    log.Info("listening", {{"listen", "127.0.0.1:1"}, {"tls", false}});
    log.Error("state_down");
  };
  EXPECT_EQ(
      Written(LogLevel::kInfo, LogFormat::kJson, run),
      "\",\"level\":\"info\",\"event\":\"listening\",\"listen\":\"127.0.0.1:1\",\"tls\":false}\n"
      "\",\"level\":\"error\",\"event\":\"state_down\"}\n");
  EXPECT_EQ(Written(LogLevel::kInfo, LogFormat::kText, run),
            " info listening listen=\"127.0.0.1:1\" tls=false\n error state_down\n");
}

TEST(Log, KeepsToItsLevelButForWhatMustNotBeMissed) {
  const auto run = [](Log& log) {
    log.Debug("debug");
    log.Info("info");
    log.Warn("warn");
    LogLine rpc = log.Begin(LogLevel::kInfo, "rpc");
    log.WriteSoon(rpc);
    LogLine audit = log.Begin(LogLevel::kInfo, "audit");
    log.Keep(audit);
  };
  EXPECT_EQ(Written(LogLevel::kError, LogFormat::kText, run), " info audit\n");
  EXPECT_EQ(Written(LogLevel::kWarn, LogFormat::kText, run), " warn warn\n info audit\n");
  EXPECT_EQ(Written(LogLevel::kDebug, LogFormat::kText, run),
            " debug debug\n info info\n warn warn\n info rpc\n info audit\n");
}

}  // namespace
}  // namespace pcaps
