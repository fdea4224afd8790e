#include "service/telemetry/line_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pcaps {
namespace {

// A pipe that nobody reads until ReadLines().
class LineSinkTest : public testing::Test {
 protected:
  LineSinkTest() {
    EXPECT_EQ(pipe(ends_), 0);
    log_ = std::make_unique<LineSink>(ends_[1],
                                      [](int64_t lines) { return absl::StrCat("lost ", lines); });
  }
  ~LineSinkTest() override {
    if (ends_[1] >= 0) CloseLog();
    close(ends_[0]);
  }

  void CloseLog() {
    log_ = nullptr;
    close(std::exchange(ends_[1], -1));
  }

  // The next line; empty where there is none any more.
  std::string ReadLine() {
    std::string line;
    char next = 0;
    while (read(ends_[0], &next, 1) == 1 && next != '\n') line += next;
    return line;
  }

  int ends_[2] = {-1, -1};
  std::unique_ptr<LineSink> log_;
};

TEST_F(LineSinkTest, LinesComeInOrderSoonAndAtOnceWhereTheyAreFlushed) {
  log_->Add("one");
  log_->Add("two");
  EXPECT_EQ(ReadLine(), "one");
  EXPECT_EQ(ReadLine(), "two");
  log_->Add("three");
  log_->Flush();
  EXPECT_EQ(ReadLine(), "three");
}

TEST_F(LineSinkTest, WhatIsLeftIsWrittenAtTheEnd) {
  for (int i = 0; i < 1000; ++i) log_->Add(absl::StrCat(i));
  CloseLog();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(ReadLine(), absl::StrCat(i));
  EXPECT_EQ(ReadLine(), "");
}

TEST_F(LineSinkTest, AReaderThatHasStoppedHoldsNobodyUpAndIsToldWhatItMissed) {
  constexpr int kLines = 10'000;
  const std::string text(1000, 'x');
  for (int i = 0; i < kLines; ++i) {
    log_->Add(text);
    log_->Flush();
  }
  int whole = 0;
  std::string line = ReadLine();
  for (; line == text; line = ReadLine()) ++whole;
  EXPECT_GT(whole, 1000);
  EXPECT_LT(whole, kLines);
  EXPECT_EQ(line, absl::StrCat("lost ", kLines - whole));
  log_->Add("on");
  EXPECT_EQ(ReadLine(), "on");
}

TEST_F(LineSinkTest, WhereNobodyReadsSomeLinesHaveRoomOfTheirOwn) {
  const std::string text(1000, 'x');
  for (int i = 0; i < 10'000; ++i) log_->Add(text);
  for (int i = 0; i < 100; ++i) log_->Add(absl::StrCat("own ", i), LineSink::Room::kOwn);
  EXPECT_GT(log_->lost(), 0);
  for (int own = 0; own < 100;) {
    const std::string line = ReadLine();
    if (line == text || absl::StartsWith(line, "lost ")) continue;
    ASSERT_EQ(line, absl::StrCat("own ", own++));
  }
}

TEST_F(LineSinkTest, AReaderThatNeverReadsDoesNotHoldUpTheEnd) {
  for (int i = 0; i < 1000; ++i) log_->Add(std::string(1000, 'x'));
  CloseLog();  // Returns.
}

}  // namespace
}  // namespace pcaps
