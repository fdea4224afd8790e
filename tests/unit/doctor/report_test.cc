#include "clients/gateway/pcapctl/doctor/report.h"

#include <gtest/gtest.h>

#include <sstream>

namespace pcaps::pcapctl {
namespace {

Check Token() { return {"token", "main"}; }

TEST(Report, ALineBeginsWithTheVerdictAndEndsWithTheFix) {
  EXPECT_EQ(FindingText(Token().Ok("is there")), "ok    token       main: is there\n");
  EXPECT_EQ(FindingText(Token().Warn("is open", "close it")),
            "warn  token       main: is open. Fix: close it\n");
  EXPECT_EQ(FindingText(Check{"redis"}.Fail("is down", "start it")),
            "FAIL  redis       is down. Fix: start it\n");
  EXPECT_EQ(FindingText(Check{"redis"}.Fail("NOAUTH Authentication required.", "log in")),
            "FAIL  redis       NOAUTH Authentication required. Fix: log in\n");
  EXPECT_EQ(FindingText(Check{"redis"}.Ok("is well.")), "ok    redis       is well.\n");
  EXPECT_EQ(FindingText(Check{"redis"}.Skip("is not set")), "skip  redis       is not set\n");
}

TEST(Report, JsonIsOneObjectALine) {
  EXPECT_EQ(FindingJson(Token().Fail("is \"wrong\"", "put it there")),
            R"({"check":"token","subject":"main","verdict":"fail","message":"is \"wrong\"",)"
            R"("fix":"put it there"})"
            "\n");
  EXPECT_EQ(FindingJson(Check{"clock"}.Ok("agrees")),
            R"({"check":"clock","verdict":"ok","message":"agrees"})"
            "\n");
}

TEST(Report, LetsNoTextFromOutsideMoveTheCursorOrBeginALine) {
  const Finding evil{"upstream", "\x1b[1m", Verdict::kFail, "a\x1b[2J\nok    b", "\r\x07"};
  const std::string text = FindingText(evil);
  EXPECT_EQ(text.find_first_of("\x1b\r\x07"), std::string::npos);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST(Report, FailsWhenAnyCheckFailed) {
  std::ostringstream out;
  Report report(out, /*json=*/false);
  report.Add(Token().Ok("x"));
  report.Add(Token().Warn("x", "y"));
  report.Add(Token().Skip("x"));
  EXPECT_TRUE(report.Conclusion().ok());
  report.Add(Token().Fail("x", "y"));
  EXPECT_TRUE(absl::IsFailedPrecondition(report.Conclusion()));
  EXPECT_EQ(report.Conclusion().message(), "1 of 4 checks failed");
}

}  // namespace
}  // namespace pcaps::pcapctl
