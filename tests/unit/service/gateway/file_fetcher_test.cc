#include "service/gateway/file_fetcher.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <vector>

#include "clients/base/error.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/pcap_bytes.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

constexpr int64_t kWholeMax = 10'000;

class FileFetcherTest : public testing::Test {
 protected:
  using Result = std::optional<absl::StatusOr<Fetched>>;

  // Begins to fetch; the result comes when the loop runs.
  void Begin(Result& result, const std::string& account = "acct", bool known_done = false,
             boost::asio::cancellation_slot slot = {},
             std::shared_ptr<UpstreamCost> cost = nullptr) {
    Spawn(loop_.get_executor(), slot, fetcher_.Fetch({account, "a"}, known_done, std::move(cost)),
          [&result](absl::StatusOr<Fetched> fetched) { result = std::move(fetched); });
    RunLoop();
  }
  absl::StatusOr<Fetched> Fetch(const std::string& account = "acct") {
    return RunTask(loop_, fetcher_.Fetch({account, "a"}, /*known_done=*/false));
  }
  void RunLoop() {
    loop_.restart();
    loop_.poll();
  }
  void Pass(absl::Duration time) {
    clock_.Advance(time);
    RunLoop();
  }
  static HeldFile Held(const Result& result) {
    return result.has_value() && result->ok() ? std::get<HeldFile>(**result) : nullptr;
  }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::UnixEpoch() + absl::Hours(24 * 365 * 50)};
  FakePcapsApi api_{clock_};
  DownloadCache cache_{1 << 20};
  Slots slots_{1};
  absl::Status check_result_;
  absl::Duration check_duration_;
  int checks_ = 0;
  FileFetcher fetcher_{
      {loop_.get_executor(), &api_},
      [this](CaptureKey, std::shared_ptr<UpstreamCost> cost) { return Check(std::move(cost)); },
      cache_,
      slots_,
      clock_,
      {.whole_max = kWholeMax}};

 private:
  Task<absl::Status> Check(std::shared_ptr<UpstreamCost> cost) {
    ++checks_;
    if (cost != nullptr) cost->CountRequest();
    const absl::Status result = check_result_;
    co_await clock_.Sleep(check_duration_);
    co_return result;
  }
};

TEST_F(FileFetcherTest, AHundredReadersShareOneFetchAndOneCopy) {
  api_.files["a"] = MakePcap(3, 50);
  api_.download_duration = absl::Seconds(1);
  std::vector<Result> readers(100);
  for (Result& reader : readers) Begin(reader);
  Pass(absl::Seconds(1));
  for (const Result& reader : readers) {
    ASSERT_NE(Held(reader), nullptr);
    EXPECT_EQ(Held(reader), Held(readers[0]));
  }
  EXPECT_EQ(checks_, 1);
  EXPECT_EQ(api_.download_calls, 1);
  EXPECT_EQ(cache_.Find({"acct", "a"}), Held(readers[0]));
}

TEST_F(FileFetcherTest, WhoBeginsAFetchBearsItsCostAndWhoSharesItNone) {
  api_.next_files = {"no capture", MakePcap(3, 50)};
  api_.download_duration = absl::Seconds(1);
  const auto first_cost = std::make_shared<UpstreamCost>();
  const auto second_cost = std::make_shared<UpstreamCost>();
  Result first;
  Result second;
  Begin(first, "acct", false, {}, first_cost);
  Begin(second, "acct", false, {}, second_cost);
  for (int i = 0; i < 2; ++i) Pass(absl::Seconds(1));
  EXPECT_NE(Held(first), nullptr);
  EXPECT_NE(Held(second), nullptr);
  EXPECT_EQ(first_cost->requests(), 3) << "the check, and the file twice";
  EXPECT_EQ(second_cost->requests(), 0);
}

TEST_F(FileFetcherTest, AReaderWhoLeavesEndsNobodyElsesFetch) {
  api_.files["a"] = MakePcap(3, 50);
  api_.download_duration = absl::Seconds(1);
  boost::asio::cancellation_signal leave;
  Result first;
  Result second;
  Begin(first, "acct", false, leave.slot());
  Begin(second);
  leave.emit(boost::asio::cancellation_type::terminal);
  RunLoop();
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(absl::IsCancelled(first->status()));
  Pass(absl::Seconds(1));
  EXPECT_NE(Held(second), nullptr);
  EXPECT_EQ(api_.download_calls, 1);
}

TEST_F(FileFetcherTest, TheLastReaderWhoLeavesEndsTheFetchAndAnotherMayBeginAtOnce) {
  api_.files["a"] = MakePcap(3, 50);
  api_.download_duration = absl::Seconds(1);
  std::vector<boost::asio::cancellation_signal> leave(2);
  std::vector<Result> left(2);
  for (int i = 0; i < 2; ++i) Begin(left[i], "acct", false, leave[i].slot());
  leave[0].emit(boost::asio::cancellation_type::terminal);
  RunLoop();
  EXPECT_EQ(slots_.Take(), nullptr) << "somebody waits for it";
  leave[1].emit(boost::asio::cancellation_type::terminal);
  RunLoop();
  for (const Result& each : left) EXPECT_TRUE(absl::IsCancelled(each->status()));
  EXPECT_NE(slots_.Take(), nullptr);

  Result next;
  Begin(next);
  Pass(absl::Seconds(1));
  EXPECT_NE(Held(next), nullptr);
}

TEST_F(FileFetcherTest, AReaderWhoFollowsTheLastOneHasAFetchOfItsOwn) {
  api_.files["a"] = MakePcap(3, 50);
  check_duration_ = absl::Seconds(1);
  boost::asio::cancellation_signal leave;
  Result left;
  Result next;
  Begin(left, "acct", false, leave.slot());
  leave.emit(boost::asio::cancellation_type::terminal);
  Begin(next);  // Before the other fetch has ended.
  Pass(absl::Seconds(1));
  EXPECT_NE(Held(next), nullptr);
}

TEST_F(FileFetcherTest, AccountsNeverShareWhateverTheId) {
  api_.files["a"] = MakePcap(3, 50);
  api_.download_duration = absl::Seconds(1);
  Slots slots(2);
  FileFetcher fetcher({loop_.get_executor(), &api_},
                      [](CaptureKey, std::shared_ptr<UpstreamCost>) -> Task<absl::Status> {
                        co_return absl::OkStatus();
                      },
                      cache_, slots, clock_, {.whole_max = kWholeMax});
  Result one;
  Result other;
  Spawn(loop_.get_executor(), {}, fetcher.Fetch({"one", "a"}, false),
        [&](absl::StatusOr<Fetched> fetched) { one = std::move(fetched); });
  Spawn(loop_.get_executor(), {}, fetcher.Fetch({"other", "a"}, false),
        [&](absl::StatusOr<Fetched> fetched) { other = std::move(fetched); });
  RunLoop();
  Pass(absl::Seconds(1));
  ASSERT_NE(Held(one), nullptr);
  ASSERT_NE(Held(other), nullptr);
  EXPECT_NE(Held(one), Held(other));
  EXPECT_EQ(api_.download_calls, 2);
}

TEST_F(FileFetcherTest, WhatIsNoCaptureIsFetchedAgainUnseen) {
  api_.files["a"] = MakePcap(3, 50);
  api_.next_files = {"<html>"};
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(std::get<HeldFile>(*fetched)->bytes, api_.files["a"]);
  EXPECT_EQ(api_.download_calls, 2);
}

TEST_F(FileFetcherTest, AFailureIsToldToAllAndNotRemembered) {
  api_.files["a"] = "no capture";
  api_.download_duration = absl::Seconds(1);
  Result first;
  Result second;
  Begin(first);
  Begin(second);
  Pass(absl::Seconds(1));
  Pass(absl::Seconds(1));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(ReasonOf(first->status()), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
  EXPECT_EQ(ReasonOf(second->status()), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
  EXPECT_EQ(api_.download_calls, 2);
  api_.files["a"] = MakePcap(3, 50);
  api_.download_duration = absl::ZeroDuration();
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(FileFetcherTest, ACaptureWithoutAFileCostsNoDownloadAndNoSlot) {
  check_result_ = absl::FailedPreconditionError("not yet");
  const Slot only = slots_.Take();
  EXPECT_EQ(Fetch().status(), check_result_);
  EXPECT_EQ(api_.download_calls, 0);
}

TEST_F(FileFetcherTest, WhoKnowsItIsDoneAsksNothingAndIsNotToldWhatWasSeenBefore) {
  api_.files["a"] = MakePcap(3, 50);
  check_result_ = MakeError(absl::StatusCode::kFailedPrecondition,
                            v1::ERROR_REASON_CAPTURE_NOT_READY, "not yet");
  check_duration_ = absl::Seconds(1);
  Result hasty;
  Result knowing;
  Begin(hasty);
  Begin(knowing, "acct", /*known_done=*/true);
  Pass(absl::Seconds(1));
  EXPECT_EQ(hasty->status(), check_result_);
  EXPECT_NE(Held(knowing), nullptr);
  EXPECT_EQ(checks_, 1);
}

TEST_F(FileFetcherTest, ALargeFileGoesToOneReaderAndTheOthersFetchTheirOwn) {
  const std::string file = MakePcap(100, 1000);
  api_.files["a"] = file;
  api_.download_duration = absl::Seconds(1);
  Result first;
  Result second;
  Begin(first);
  Begin(second);
  Pass(absl::Seconds(1));
  ASSERT_TRUE(first.has_value() && first->ok());
  auto& large = std::get<LargeFile>(**first);
  EXPECT_EQ(large.file.head, file.substr(0, kWholeMax));
  EXPECT_EQ(*RunTask(loop_, large.file.rest->Read()), file.substr(kWholeMax));
  EXPECT_EQ(cache_.Find({"acct", "a"}), nullptr);
  ASSERT_TRUE(second.has_value()) << "the only slot is the first one's";
  EXPECT_EQ(ReasonOf(second->status()), v1::ERROR_REASON_OVERLOADED);
  EXPECT_TRUE(RetryAfterOf(second->status()).has_value());

  first.reset();
  Begin(second);
  Pass(absl::Seconds(1));
  ASSERT_TRUE(second->ok()) << second->status();
  EXPECT_NE(std::get<LargeFile>(**second).file.rest, nullptr);
}

}  // namespace
}  // namespace pcaps
