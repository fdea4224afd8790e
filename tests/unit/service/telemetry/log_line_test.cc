#include "service/telemetry/log_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace pcaps {
namespace {

namespace json = boost::json;

const absl::Time kNow = absl::FromUnixMicros(1'795'859'595'369'672);

std::string JsonText(absl::string_view text) {
  LogLine line(LogFormat::kJson, LogLevel::kInfo, "rpc", kNow);
  line.AddText("text", text);
  return std::string(line.End());
}

// What a reader of the line finds.
std::string Read(absl::string_view text) {
  const json::value line = json::parse(JsonText(text));
  const json::string& found = line.at("text").get_string();
  return {found.data(), found.size()};
}

TEST(LogLine, IsJson) {
  LogLine line(LogFormat::kJson, LogLevel::kWarn, "state_down", kNow);
  line.AddText("redis", "127.0.0.1:6379");
  line.AddNumber("failures", -3);
  line.AddNumber("least", std::numeric_limits<int64_t>::min());
  line.AddValue("ids", json::array{"a", 1, nullptr});
  EXPECT_EQ(line.End(),
            R"({"time":"2026-11-28T09:53:15.369672Z","level":"warn","event":"state_down",)"
            R"("redis":"127.0.0.1:6379","failures":-3,"least":-9223372036854775808,)"
            R"("ids":["a",1,null]})");
}

TEST(LogLine, IsTextWhereThatIsAskedFor) {
  LogLine line(LogFormat::kText, LogLevel::kInfo, "listening", kNow);
  line.AddText("listen", "127.0.0.1:1");
  line.AddText("text", "two\nlines");
  EXPECT_EQ(line.End(), R"(2026-11-28T09:53:15.369672Z info listening listen="127.0.0.1:1" )"
                        R"(text="two lines")");
}

TEST(LogLine, EachHasItsOwnTime) {
  const auto time_of = [](absl::Time time) {
    LogLine line(LogFormat::kText, LogLevel::kInfo, "tick", time);
    return std::string(line.End().substr(0, 27));
  };
  EXPECT_EQ(time_of(kNow), "2026-11-28T09:53:15.369672Z");
  EXPECT_EQ(time_of(absl::FromUnixMicros(1'795'859'595'000'001)), "2026-11-28T09:53:15.000001Z");
  EXPECT_EQ(time_of(absl::FromUnixMicros(1'795'859'595'999'999)), "2026-11-28T09:53:15.999999Z");
  EXPECT_EQ(time_of(absl::FromUnixMicros(1'795'859'596'000'000)), "2026-11-28T09:53:16.000000Z");
  EXPECT_EQ(time_of(kNow), "2026-11-28T09:53:15.369672Z");  // A clock may be set back,
  EXPECT_EQ(time_of(absl::FromUnixMicros(-1)), "1970-01-01T00:00:00.000000Z");  // and very far.
}

TEST(LogLine, MayBeLong) {
  LogLine line(LogFormat::kText, LogLevel::kInfo, "many", kNow);
  std::string wanted = "2026-11-28T09:53:15.369672Z info many";
  for (int i = 0; i < 1000; ++i) {
    line.AddNumber("i", i);
    absl::StrAppend(&wanted, " i=", i);
  }
  EXPECT_EQ(line.End(), wanted);
}

TEST(LogLine, TextComesBackAsItWasOrCleaned) {
  for (const char* text : {"", "plain", " ~", "a \"quote\"", "back\\slash", "grün", "\\u0041"}) {
    EXPECT_EQ(Read(text), text);
  }
  EXPECT_EQ(Read("a\r\nb\tc"), "a  b c");
  EXPECT_EQ(Read(absl::string_view("nul\0nul", 7)), "nul nul");
  EXPECT_EQ(Read("\xff\xfe"), "??");
  EXPECT_EQ(Read(std::string(10'000, 'x')), std::string(1024, 'x'));
}

TEST(LogLine, AnyByteLeavesItOneLineOfJson) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = {'a', static_cast<char>(byte), 'b'};
    const std::string line = JsonText(text);
    EXPECT_THAT(line, testing::Not(testing::HasSubstr("\n"))) << byte;
    EXPECT_EQ(Read(text).size(), 3u) << byte;
  }
}

}  // namespace
}  // namespace pcaps
