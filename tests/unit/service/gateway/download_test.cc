#include "service/gateway/download.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "clients/base/error.h"
#include "clients/base/sha256.h"
#include "tests/unit/support/list_writer.h"
#include "tests/unit/support/pcap_bytes.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

constexpr int64_t kChunk = 100;

// The rest of a file in pieces; then `end`, which is OK for a whole file.
class PiecesBody : public PcapBody {
 public:
  PiecesBody(const std::string& bytes, size_t piece, absl::Status end) : end_(std::move(end)) {
    for (size_t at = 0; at < bytes.size(); at += piece) pieces_.push_back(bytes.substr(at, piece));
  }
  Task<absl::StatusOr<std::string>> Read() override {
    if (pieces_.empty() && !end_.ok()) co_return end_;
    if (pieces_.empty()) co_return std::string();
    std::string next = std::move(pieces_.front());
    pieces_.pop_front();
    co_return next;
  }

 private:
  std::deque<std::string> pieces_;
  const absl::Status end_;
};

PcapFile Whole(const std::string& bytes) {
  PcapFile file;
  file.content_type = "application/vnd.tcpdump.pcap";
  file.head = bytes;
  return file;
}

PcapFile Streamed(const std::string& bytes, size_t head, absl::Status end = absl::OkStatus(),
                  bool sized = true) {
  PcapFile file = Whole(bytes.substr(0, head));
  if (sized) file.size = static_cast<int64_t>(bytes.size());
  file.rest = std::make_unique<PiecesBody>(bytes.substr(head), 333, std::move(end));
  return file;
}

HeldFile Share(CaptureFile file) { return std::make_shared<const CaptureFile>(std::move(file)); }

class DownloadTest : public testing::Test {
 protected:
  absl::Status Send(PcapFile file, int64_t offset = 0, int64_t limit = 0,
                    const std::string& if_etag = "") {
    v1::DownloadPcapRequest request;
    request.set_read_offset(offset);
    request.set_read_limit(limit);
    request.set_if_etag(if_etag);
    writer_ = ListWriter<v1::DownloadPcapResponse>();
    if (file.rest != nullptr) {
      return RunTask(loop_, SendStreamed(std::move(file), request, kChunk, writer_));
    }
    absl::StatusOr<CaptureFile> proved = ProveCapture(std::move(file));
    if (!proved.ok()) return proved.status();
    return RunTask(loop_, SendHeld(Share(*std::move(proved)), request, kChunk, writer_));
  }

  // The data sent, after checking that chunks are gapless and within size, and that the summary
  // tells the truth.
  std::string Sent(int64_t offset = 0) {
    std::string data;
    for (const auto& message : writer_.messages) {
      if (!message.has_chunk()) continue;
      EXPECT_EQ(message.chunk().offset(), offset + static_cast<int64_t>(data.size()));
      EXPECT_LE(message.chunk().data().size(), static_cast<size_t>(kChunk));
      EXPECT_FALSE(message.chunk().data().empty());
      data += message.chunk().data();
    }
    EXPECT_TRUE(writer_.messages.front().has_info());
    EXPECT_EQ(Summary().size(), static_cast<int64_t>(data.size()));
    EXPECT_EQ(Summary().sha256(), Sha256::Of(data));
    return data;
  }
  const v1::DownloadSummary& Summary() const { return writer_.messages.back().summary(); }
  const v1::DownloadInfo& Info() const { return writer_.messages.front().info(); }

  boost::asio::io_context loop_;
  ListWriter<v1::DownloadPcapResponse> writer_;
  const std::string file_ = MakePcap(20, 160);
  const int64_t size_ = static_cast<int64_t>(file_.size());
};

TEST_F(DownloadTest, AWholeFileIsSentInChunksAndProved) {
  ASSERT_TRUE(Send(Whole(file_)).ok());
  EXPECT_EQ(Sent(), file_);
  EXPECT_EQ(Info().size(), static_cast<int64_t>(file_.size()));
  EXPECT_EQ(Info().etag(), "sha256:" + absl::BytesToHexString(Sha256::Of(file_)));
  EXPECT_EQ(Info().content_type(), "application/vnd.tcpdump.pcap");
  EXPECT_EQ(Summary().packets(), 20u);
}

TEST_F(DownloadTest, AnyPartIsTheSameBytesWholeOrStreamed) {
  const auto size = static_cast<int64_t>(file_.size());
  for (const int64_t offset :
       {int64_t{0}, int64_t{1}, int64_t{99}, int64_t{1000}, size - 1, size}) {
    for (const int64_t limit : {int64_t{0}, int64_t{1}, int64_t{100}, int64_t{2000}, size * 2}) {
      const std::string part = file_.substr(offset, limit == 0 ? std::string::npos : limit);
      ASSERT_TRUE(Send(Whole(file_), offset, limit).ok());
      EXPECT_EQ(Sent(offset), part);
      ASSERT_TRUE(Send(Streamed(file_, 500), offset, limit).ok());
      EXPECT_EQ(Sent(offset), part);
    }
  }
}

TEST_F(DownloadTest, TheLargestLimitDoesNotOverflow) {
  ASSERT_TRUE(Send(Whole(file_), 10, std::numeric_limits<int64_t>::max()).ok());
  EXPECT_EQ(Sent(10), file_.substr(10));
}

TEST_F(DownloadTest, AnOffsetPastTheEndIsOutOfRangeBeforeTheFirstMessage) {
  const absl::Status status = Send(Whole(file_), size_ + 1);
  EXPECT_TRUE(absl::IsOutOfRange(status));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_OFFSET_OUT_OF_RANGE);
  EXPECT_TRUE(writer_.messages.empty());
  EXPECT_TRUE(absl::IsOutOfRange(Send(Streamed(file_, 500), size_ + 1)));
  // Without a length from upstream it shows only at the end.
  EXPECT_TRUE(
      absl::IsOutOfRange(Send(Streamed(file_, 500, absl::OkStatus(), /*sized=*/false), size_ + 1)));
}

TEST_F(DownloadTest, WhatIsNoCaptureSendsNothing) {
  for (const std::string& body : {std::string("<html>"), std::string(), file_.substr(0, 1000)}) {
    EXPECT_EQ(ReasonOf(Send(Whole(body))), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
    EXPECT_TRUE(writer_.messages.empty());
  }
  EXPECT_EQ(ReasonOf(Send(Streamed(std::string(5000, 'x'), 500))),
            v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
  EXPECT_TRUE(writer_.messages.empty());
}

TEST_F(DownloadTest, AnotherEtagThanAskedForIsAborted) {
  ASSERT_TRUE(Send(Whole(file_)).ok());
  const std::string etag = Info().etag();
  EXPECT_TRUE(Send(Whole(file_), 0, 0, etag).ok());
  const absl::Status changed = Send(Whole(MakePcap(3, 10)), 0, 0, etag);
  EXPECT_EQ(ReasonOf(changed), v1::ERROR_REASON_DOWNLOAD_CHANGED);
  EXPECT_TRUE(writer_.messages.empty());
}

TEST_F(DownloadTest, AStreamedFileIsNamedByItsHeadAndSize) {
  ASSERT_TRUE(Send(Streamed(file_, 500)).ok());
  const std::string etag = Info().etag();
  EXPECT_TRUE(absl::StartsWith(etag, "head-sha256:"));
  ASSERT_TRUE(Send(Streamed(file_, 500), 700, 0, etag).ok());
  EXPECT_EQ(Sent(700), file_.substr(700));
  EXPECT_EQ(Summary().packets(), 20u);
}

TEST_F(DownloadTest, ABrokenRestSaysWhereToGoOn) {
  const absl::Status broken = Send(Streamed(file_, 500, absl::UnavailableError("reset")), 40);
  EXPECT_EQ(ReasonOf(broken), v1::ERROR_REASON_DOWNLOAD_INTERRUPTED);
  EXPECT_EQ(ErrorInfoOf(broken).metadata().at("offset"), absl::StrCat(file_.size()));
}

TEST_F(DownloadTest, ARestThatTurnsIntoGarbageIsAnError) {
  std::string garbage = file_;
  garbage.replace(24 + 176 * 10 + 8, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(ReasonOf(Send(Streamed(garbage, 500))), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
  EXPECT_EQ(ReasonOf(Send(Streamed(file_ + "tail", 500))), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
}

TEST_F(DownloadTest, AReaderWhoLeavesEndsItAndOnlyWhoHasTheSummaryIsToldOk) {
  v1::DownloadPcapRequest request;
  ASSERT_TRUE(Send(Whole(file_)).ok());
  for (size_t room = 0; room < writer_.messages.size(); ++room) {
    ListWriter<v1::DownloadPcapResponse> writer;
    writer.room = room;
    const HeldFile held = Share(*ProveCapture(Whole(file_)));
    EXPECT_TRUE(absl::IsCancelled(RunTask(loop_, SendHeld(held, request, kChunk, writer))));
    writer = ListWriter<v1::DownloadPcapResponse>();
    writer.room = room;
    EXPECT_TRUE(absl::IsCancelled(
        RunTask(loop_, SendStreamed(Streamed(file_, 500), request, kChunk, writer))));
  }
}

}  // namespace
}  // namespace pcaps
