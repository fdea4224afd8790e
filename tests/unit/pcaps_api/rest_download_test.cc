// DownloadPcap: whole files, large ones, and what is no file.
#include <gmock/gmock.h>

#include "clients/base/sha256.h"
#include "clients/pcaps_api/rest_pcaps_api.h"
#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;

constexpr char kType[] = "Content-Type: application/vnd.tcpdump.pcap\r\n";
constexpr int64_t kWholeMax = 1 << 20;

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

TestAnswer Chunked(const std::string& body) {
  return {.bytes = absl::StrCat("HTTP/1.1 200 OK\r\n", kType, "Transfer-Encoding: chunked\r\n\r\n",
                                absl::Hex(body.size()), "\r\n", body, "\r\n0\r\n\r\n")};
}

Task<absl::StatusOr<std::string>> ReadRest(PcapBody* body) {
  std::string all;
  while (true) {
    const absl::StatusOr<std::string> data = co_await body->Read();
    if (!data.ok()) co_return data.status();
    if (data->empty()) co_return all;
    all += *data;
  }
}

Task<absl::Status> ReadWithPauses(PcapBody* body, Clock& clock) {
  for (int i = 0; i < 30; ++i) {
    const absl::StatusOr<std::string> data = co_await body->Read();
    if (!data.ok()) co_return data.status();
    co_await clock.Sleep(absl::Milliseconds(20));
  }
  co_return absl::OkStatus();
}

class RestDownloadTest : public RestTest {
 protected:
  absl::StatusOr<PcapFile> Download(absl::Duration timeout = absl::Seconds(20)) {
    return Run(api_->DownloadPcap("acc", "p1", kWholeMax, clock_.Now() + timeout));
  }
};

TEST_F(RestDownloadTest, SmallFileComesWhole) {
  const std::string body = Bytes(kWholeMax);
  for (const TestAnswer& answer : {Answer(200, body, kType), Chunked(body)}) {
    TestServer& server = Serve([&](const TestRequest&) { return answer; });
    const auto file = Download();
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->rest, nullptr);
    EXPECT_EQ(Sha256::Of(file->head), Sha256::Of(body));
    EXPECT_EQ(file->size, kWholeMax);
    EXPECT_EQ(file->content_type, "application/vnd.tcpdump.pcap");
    EXPECT_EQ(server.requests().at(0).target, "/accounts/acc/pcaps/p1/download");
    EXPECT_EQ(server.requests().at(0).headers.at("accept"), "application/vnd.tcpdump.pcap");
    EXPECT_EQ(limits_->in_flight(), 0);
  }
}

TEST_F(RestDownloadTest, WhatAFileHoldsBeyondItsLengthIsNotTheNextFile) {
  std::atomic<int> calls = 0;
  TestServer& server = Serve([&](const TestRequest&) {
    if (++calls > 1) return Answer(200, "the second file", kType);
    return TestAnswer{.bytes = Answer(200, Bytes(300'000), kType).bytes +
                               Answer(200, "what a stranger sent", kType).bytes};
  });
  EXPECT_TRUE(Download().ok());
  const auto second = Download();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->head, "the second file");
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(attempts_.size(), 2U) << "nothing had to be repeated";
}

TEST_F(RestDownloadTest, LargeFileComesAsHeadAndRest) {
  const std::string body = Bytes(5 * kWholeMax + 3);
  for (const TestAnswer& answer : {Answer(200, body, kType), Chunked(body)}) {
    Serve([&](const TestRequest&) { return answer; });
    auto file = Download();
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_NE(file->rest, nullptr);
    EXPECT_GE(file->head.size(), 64U << 10);
    const bool known = answer.bytes.find("Content-Length") != std::string::npos;
    EXPECT_EQ(file->size, known ? std::optional<int64_t>(body.size()) : std::nullopt);
    EXPECT_EQ(limits_->in_flight(), 1);
    api_.reset();  // The body lives on.
    const auto rest = Run(ReadRest(file->rest.get()));
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_EQ(Sha256::Of(file->head + *rest), Sha256::Of(body));
    file->rest.reset();
    EXPECT_EQ(limits_->in_flight(), 0);
  }
}

TEST_F(RestDownloadTest, BrokenWholeTransferIsRepeatedUnseen) {
  const std::string body = Bytes(100'000);
  std::atomic<int> calls{0};
  TestServer& server = Serve([&](const TestRequest&) {
    TestAnswer answer = Answer(200, body, kType);
    const int call = ++calls;
    if (call < 3) {
      answer.bytes.resize(answer.bytes.size() / call / 2);
      answer.then = call == 1 ? kReset : kClose;
    }
    return answer;
  });
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(Sha256::Of(file->head), Sha256::Of(body));
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(RestDownloadTest, BreakOfTheRestIsUnavailable) {
  Serve([&](const TestRequest&) {
    TestAnswer answer = Answer(200, Bytes(5 * kWholeMax), kType);
    answer.bytes.resize(answer.bytes.size() - 1000);
    answer.then = kClose;
    return answer;
  });
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  const auto rest = Run(ReadRest(file->rest.get()));
  EXPECT_EQ(ReasonOf(rest.status()), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
}

TEST_F(RestDownloadTest, StalledRestIsGivenUp) {
  options_.upstream_stall_timeout = absl::Milliseconds(50);
  TestServer& server = Serve([&](const TestRequest&) {
    TestAnswer answer = Answer(200, Bytes(5 * kWholeMax), kType);
    answer.bytes.resize(answer.bytes.size() / 2);
    answer.then = kHang;
    return answer;
  });
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(ReasonOf(Run(ReadRest(file->rest.get())).status()),
            v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(RestDownloadTest, ARestThatTricklesIsGivenUpThoughItNeverStalls) {
  options_.upstream_stall_timeout = absl::Milliseconds(300);
  TestServer& server = Serve([&](const TestRequest&) {
    // 1 KiB every 10 ms: never silent, and half of what has to come.
    return TestAnswer{.bytes = Answer(200, Bytes(5 * kWholeMax), kType).bytes,
                      .piece = 1 << 10,
                      .pause = std::chrono::milliseconds(10)};
  });
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Time began = clock_.Now();
  EXPECT_EQ(ReasonOf(Run(ReadRest(file->rest.get())).status()),
            v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_LT(clock_.Now() - began, absl::Seconds(5));
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(RestDownloadTest, ARestThatKeepsItsPaceIsReadThoughItTakesManyStalls) {
  options_.upstream_stall_timeout = absl::Milliseconds(500);
  const std::string body = Bytes(2 * kWholeMax);
  Serve([&](const TestRequest&) {
    return TestAnswer{.bytes = Answer(200, body, kType).bytes,
                      .piece = 64 << 10,
                      .pause = std::chrono::milliseconds(40)};
  });
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Time began = clock_.Now();
  const auto rest = Run(ReadRest(file->rest.get()));
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(Sha256::Of(file->head + *rest), Sha256::Of(body));
  EXPECT_GT(clock_.Now() - began, 2 * options_.upstream_stall_timeout);
}

TEST_F(RestDownloadTest, ASlowReaderIsNotTakenForASlowUpstream) {
  options_.upstream_stall_timeout = absl::Milliseconds(100);
  options_.http.receive_bytes = 1 << 10;
  options_.http.buffer_bytes = 4 << 10;
  const std::string body = Bytes(2 * kWholeMax);
  Serve([&](const TestRequest&) { return Answer(200, body, kType); });
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  // Less than has to come in a stall's time, in several times that.
  EXPECT_TRUE(Run(ReadWithPauses(file->rest.get(), clock_)).ok());
  const auto rest = Run(ReadRest(file->rest.get()));
  EXPECT_TRUE(rest.ok()) << rest.status();
}

TEST_F(RestDownloadTest, CancelledReaderOfTheRestEndsTheTransfer) {
  TestServer& server = Serve([&](const TestRequest&) {
    TestAnswer answer = Answer(200, Bytes(2 * kWholeMax), kType);
    answer.bytes.pop_back();
    answer.then = kHang;
    return answer;
  });
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(absl::IsCancelled(Cancel(ReadRest(file->rest.get()), [] { return true; }).status()));
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(RestDownloadTest, DestroyedRestAbandonsTheTransfer) {
  TestServer& server =
      Serve([&](const TestRequest&) { return Answer(200, Bytes(50 * kWholeMax), kType); });
  auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  file->rest.reset();
  EXPECT_TRUE(server.AwaitAbandoned(1));
  EXPECT_EQ(limits_->in_flight(), 0);
}

TEST_F(RestDownloadTest, DeadlineBoundsAWholeFileThatDribbles) {
  Serve([&](const TestRequest&) {
    TestAnswer answer = Answer(200, Bytes(1000), kType);
    answer.piece = 1;
    return answer;
  });
  EXPECT_EQ(ReasonOf(Download(absl::Milliseconds(50)).status()),
            v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
}

TEST_F(RestDownloadTest, WhatIsNoFileIsAnError) {
  const std::string unframed = absl::StrCat("HTTP/1.1 200 OK\r\n", kType, "\r\n", Bytes(1000));
  const std::vector<std::pair<TestAnswer, v1::ErrorReason>> cases = {
      {Failure(404, 1000, "x"), v1::ERROR_REASON_CAPTURE_NOT_FOUND},
      {Failure(200, 1000, "x"), v1::ERROR_REASON_UPSTREAM_REJECTED},
      {Success(R"({"id":"p1"})"), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
      {Answer(200, "<html>", "Content-Type: text/html\r\n"),
       v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
      {Answer(200, "", kType), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
      {Answer(206, Bytes(100), kType), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
      {Answer(200, Bytes(100), absl::StrCat(kType, "Content-Encoding: gzip\r\n")),
       v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
      {TestAnswer{.bytes = unframed, .then = kClose}, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE}};
  for (const auto& [answer, reason] : cases) {
    Serve([answer = answer](const TestRequest&) { return answer; });
    const absl::Status status = Download().status();
    EXPECT_EQ(ReasonOf(status), reason) << answer.bytes.substr(0, 200) << status;
  }
}

}  // namespace
}  // namespace pcaps
