#include "service/telemetry/log_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

namespace json = boost::json;

std::string JsonText(absl::string_view text) {
  LogLine line(LogFormat::kJson, LogLevel::kInfo, "rpc");
  line.AddText("text", text);
  return std::move(line).Take();
}

// What a reader of the line finds; the log puts a brace and the time before it.
std::string Read(absl::string_view text) {
  const json::value line = json::parse(absl::StrCat("{", JsonText(text)));
  const json::string& found = line.at("text").get_string();
  return {found.data(), found.size()};
}

TEST(LogLine, IsJsonWithoutItsTime) {
  LogLine line(LogFormat::kJson, LogLevel::kWarn, "state_down");
  line.AddText("redis", "127.0.0.1:6379");
  line.AddNumber("failures", -3);
  line.AddValue("ids", json::array{"a", 1, nullptr});
  EXPECT_EQ(std::move(line).Take(),
            R"("level":"warn","event":"state_down","redis":"127.0.0.1:6379","failures":-3,)"
            R"("ids":["a",1,null]})");
}

TEST(LogLine, IsTextWhereThatIsAskedFor) {
  LogLine line(LogFormat::kText, LogLevel::kInfo, "listening");
  line.AddText("listen", "127.0.0.1:1");
  line.AddText("text", "two\nlines");
  EXPECT_EQ(std::move(line).Take(), R"(info listening listen="127.0.0.1:1" text="two lines")");
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
