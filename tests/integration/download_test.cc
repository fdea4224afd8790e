// Downloads: parts, what is refused before the first byte, broken ones resumed, slow readers.
#include "absl/strings/numbers.h"
#include "tests/integration/support/instrumented.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

using Download = Streamed<v1::DownloadPcapResponse>;

v1::StopPcapRequest StopRequest(const std::string& pcap_id) {
  v1::StopPcapRequest request;
  request.set_account_id(kAccount);
  request.set_pcap_id(pcap_id);
  return request;
}

// A refusal that came before any message.
void ExpectRefused(const Download& download, absl::StatusCode code, const std::string& reason) {
  ExpectError(download, code, reason);
  EXPECT_TRUE(download.messages.empty());
}

TEST(Downloads, PartIsThatPartOfTheFile) {
  World world;
  const v1::Pcap pcap = world.CreateDone(50);
  const std::string file = FileOf(world.caller.Call(DownloadRequest(pcap.id())));
  v1::DownloadPcapRequest part = DownloadRequest(pcap.id());
  part.set_read_offset(10);
  part.set_read_limit(100);
  const Download middle = world.caller.Call(part);
  EXPECT_EQ(FileOf(middle, 10), file.substr(10, 100));
  EXPECT_EQ(middle.messages.front().info().size(), static_cast<int64_t>(file.size()));

  part.set_read_limit(0);
  part.set_read_offset(static_cast<int64_t>(file.size()) - 1);
  EXPECT_EQ(FileOf(world.caller.Call(part), part.read_offset()), file.substr(file.size() - 1));
}

TEST(Downloads, AFileLongerThanItSaysLeavesNothingToTheNextOne) {
  World world;
  const v1::Pcap too_long = world.CreateLarge(20 * kMiB);
  const v1::Pcap next = world.CreateLarge(10 * kMiB);
  const std::string file = world.emulator.Download(kAccount, next.id());
  world.emulator.AddFaults({{"endpoint", "download_pcap"}, {"fault", "bad_length"}, {"count", 1}});
  world.caller.Call(DownloadRequest(too_long.id()));
  EXPECT_TRUE(FileOf(world.caller.Call(DownloadRequest(next.id()))) == file);
}

TEST(Downloads, OffsetAtTheEndIsEmptyAndPastItOutOfRange) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  const auto size =
      static_cast<int64_t>(FileOf(world.caller.Call(DownloadRequest(pcap.id()))).size());
  v1::DownloadPcapRequest request = DownloadRequest(pcap.id());
  request.set_read_offset(size);
  EXPECT_EQ(FileOf(world.caller.Call(request), size), "");

  request.set_read_offset(size + 1);
  const Download past = world.caller.Call(request);
  ExpectRefused(past, absl::StatusCode::kOutOfRange, "OFFSET_OUT_OF_RANGE");
  EXPECT_EQ(past.Metadata("size"), std::to_string(size));
}

TEST(Downloads, CaptureInTheWrongStateIsRefusedByItsState) {
  World world;
  const v1::Pcap full = world.CreateFull();
  ExpectRefused(world.caller.Call(DownloadRequest(full.id())),
                absl::StatusCode::kFailedPrecondition, "CAPTURE_NOT_DOWNLOADABLE");
  const v1::Pcap simple = world.CreateSimple();
  world.PinStatus(simple, "conversion_running");
  const Download unready = world.caller.Call(DownloadRequest(simple.id()));
  ExpectRefused(unready, absl::StatusCode::kFailedPrecondition, "CAPTURE_NOT_READY");
  EXPECT_EQ(unready.Metadata("status"), "STATUS_CONVERSION_RUNNING");
  world.PinStatus(simple, "failed");
  ExpectRefused(world.caller.Call(DownloadRequest(simple.id())),
                absl::StatusCode::kFailedPrecondition, "CAPTURE_FAILED");
  ExpectError(world.caller.Call(StopRequest(simple.id())), absl::StatusCode::kFailedPrecondition,
              "CAPTURE_NOT_STOPPABLE");
  EXPECT_EQ(world.emulator.Requests("download_pcap"), 0);
  EXPECT_EQ(world.emulator.Requests("stop_pcap"), 0);
}

TEST(Downloads, WaitUntilReadySendsTheFileOnceThereIsOne) {
  World world;
  const v1::Pcap pcap = world.CreateSimple(20);
  v1::DownloadPcapRequest request = DownloadRequest(pcap.id());
  request.set_wait_until_ready(true);
  const std::string file = FileOf(world.caller.Call(request));
  EXPECT_TRUE(file == world.emulator.Download(kAccount, pcap.id()));
}

TEST(Downloads, WaitUntilReadyEndsWithTheCapturesFailure) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "failed");
  v1::DownloadPcapRequest request = DownloadRequest(pcap.id());
  request.set_wait_until_ready(true);
  ExpectRefused(world.caller.Call(request), absl::StatusCode::kFailedPrecondition,
                "CAPTURE_FAILED");
  request.set_pcap_id("no-such-capture");
  ExpectRefused(world.caller.Call(request), absl::StatusCode::kNotFound, "CAPTURE_NOT_FOUND");
}

TEST(Downloads, BodyThatIsNoWholePcapIsRefusedWithoutAnyMessage) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  for (const char* fault : {"not_pcap", "no_length", "garbage", "bad_length"}) {
    SCOPED_TRACE(fault);
    world.emulator.AddFaults({{"endpoint", "download_pcap"}, {"fault", fault}, {"clear", true}});
    ExpectRefused(world.caller.Call(DownloadRequest(pcap.id())), absl::StatusCode::kInternal,
                  "UPSTREAM_BAD_RESPONSE");
  }
}

// Without a cache every download is the upstream's.
boost::json::object WithoutCache() { return {{"download", {{"cache_size", "0"}}}}; }

TEST(Downloads, SmallBodyThatBreaksOnceIsFetchedAgainUnseen) {
  World world(WithoutCache());
  const v1::Pcap pcap = world.CreateDone(1000);
  const std::string file = world.emulator.Download(kAccount, pcap.id());
  for (const char* fault : {"reset_during", "truncate", "reset_before", "not_pcap"}) {
    SCOPED_TRACE(fault);
    world.emulator.AddFaults({{"endpoint", "download_pcap"}, {"fault", fault}, {"count", 1}});
    EXPECT_TRUE(FileOf(world.caller.Call(DownloadRequest(pcap.id()))) == file);
  }
  EXPECT_EQ(world.emulator.Requests("download_pcap"), 1 + 4 * 2);
}

TEST(Downloads, AHundredReadersOfOneCaptureCostOneUpstreamDownload) {
  constexpr int kReaders = 100;
  World world;
  const v1::Pcap pcap = world.CreateDone(1000);
  const int64_t before = world.emulator.Requests();
  // The upstream is slow, so that all of them come before its answer.
  world.emulator.AddFaults(
      {{"endpoint", "download_pcap"}, {"fault", "latency"}, {"latency_ms", 500}});
  std::vector<OpenStream<v1::DownloadPcapResponse>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(world.caller.Open(DownloadRequest(pcap.id())));
  }
  std::vector<std::string> files(kReaders);
  for (int i = 0; i < kReaders; ++i) {
    for (v1::DownloadPcapResponse message; readers[i].Read(&message);) {
      files[i] += message.chunk().data();
    }
    EXPECT_TRUE(readers[i].Finish().status.ok());
  }
  EXPECT_EQ(world.emulator.Requests() - before, 2) << "one look at the capture, one download";
  const std::string file = world.emulator.Download(kAccount, pcap.id());
  for (const std::string& each : files) EXPECT_TRUE(each == file);
}

TEST(Downloads, FileThatIsHeldIsServedWithoutTheUpstream) {
  World world;
  const v1::Pcap pcap = world.CreateDone(100);
  const std::string file = FileOf(world.caller.Call(DownloadRequest(pcap.id())));
  world.emulator.AddFaults({{"endpoint", "*"}, {"fault", "reset_before"}});
  const int64_t before = world.emulator.Requests();
  EXPECT_TRUE(FileOf(world.caller.Call(DownloadRequest(pcap.id()))) == file);
  v1::DownloadPcapRequest part = DownloadRequest(pcap.id());
  part.set_read_offset(100);
  part.set_read_limit(50);
  part.set_wait_until_ready(true);
  EXPECT_TRUE(FileOf(world.caller.Call(part), 100) == file.substr(100, 50));
  EXPECT_EQ(world.emulator.Requests(), before);
}

TEST(Downloads, FileThatIsHeldIsItsAccountsAlone) {
  World world;
  const v1::Pcap pcap = world.CreateDone(100);
  EXPECT_NE(FileOf(world.caller.Call(DownloadRequest(pcap.id()))), "");
  v1::DownloadPcapRequest foreign = DownloadRequest(pcap.id());
  foreign.set_account_id("account-2");
  ExpectRefused(world.caller.Call(foreign), absl::StatusCode::kNotFound, "CAPTURE_NOT_FOUND");
}

TEST(Downloads, CacheTooSmallForTwoFilesKeepsTheNewer) {
  // Two files of 1000 packets, of at most 160 bytes each, and their headers.
  World world({{"download", {{"cache_size", "200KiB"}}}});
  const v1::Pcap older = world.CreateDone(1000);
  const v1::Pcap newer = world.CreateDone(1000);
  for (const v1::Pcap& pcap : {older, newer, newer, older}) {
    EXPECT_NE(FileOf(world.caller.Call(DownloadRequest(pcap.id()))), "");
  }
  EXPECT_EQ(world.emulator.Requests("download_pcap"), 3);
}

TEST(Downloads, AnotherFileThanIfEtagNamesIsRefused) {
  World world(WithoutCache());
  const v1::Pcap pcap = world.CreateDone();
  const Download first = world.caller.Call(DownloadRequest(pcap.id()));
  v1::DownloadPcapRequest again = DownloadRequest(pcap.id());
  again.set_if_etag(first.messages.front().info().etag());
  EXPECT_EQ(FileOf(world.caller.Call(again)), FileOf(first));

  world.emulator.AddFaults({{"endpoint", "download_pcap"}, {"fault", "changed_content"}});
  const Download changed = world.caller.Call(again);
  ExpectRefused(changed, absl::StatusCode::kAborted, "DOWNLOAD_CHANGED");
  EXPECT_NE(changed.Metadata("etag"), "");
  EXPECT_NE(changed.Metadata("etag"), again.if_etag());
}

// What was read before a break, and how the break was told.
struct Broken {
  std::string bytes;
  std::string etag;
  int64_t offset = -1;
};

Broken ReadUntilBroken(World& world, const v1::DownloadPcapRequest& request) {
  const Download download = world.caller.Call(request);
  ExpectError(download, absl::StatusCode::kUnavailable, "DOWNLOAD_INTERRUPTED");
  Broken broken;
  for (const auto& message : download.messages) {
    if (message.has_info()) broken.etag = message.info().etag();
    broken.bytes += message.chunk().data();
  }
  EXPECT_TRUE(absl::SimpleAtoi(download.Metadata("offset"), &broken.offset)) << download.status;
  return broken;
}

TEST(Downloads, LargeBodyThatBreaksIsResumedFromTheOffsetWithoutLosingAByte) {
  World world;
  const v1::Pcap pcap = world.CreateLarge(24 * kMiB);
  world.emulator.AddFaults({{"endpoint", "download_pcap"},
                            {"fault", "reset_during"},
                            {"bytes", 10 * kMiB},
                            {"count", 1}});
  v1::DownloadPcapRequest request = DownloadRequest(pcap.id());
  const Broken broken = ReadUntilBroken(world, request);
  EXPECT_GT(broken.offset, 0);
  EXPECT_EQ(broken.offset, static_cast<int64_t>(broken.bytes.size()));

  request.set_read_offset(broken.offset);
  request.set_if_etag(broken.etag);
  const std::string rest = FileOf(world.caller.Call(request), broken.offset);
  EXPECT_TRUE(broken.bytes + rest == world.emulator.Download(kAccount, pcap.id()));
}

TEST(Downloads, ChunkedBodyOfUnknownLengthArrivesWhole) {
  World world;
  const v1::Pcap pcap = world.CreateLarge(12 * kMiB, /*chunked=*/true);
  const Download download = world.caller.Call(DownloadRequest(pcap.id()));
  EXPECT_TRUE(FileOf(download) == world.emulator.Download(kAccount, pcap.id()));
  EXPECT_FALSE(download.messages.front().info().has_size());
}

TEST(Downloads, SlowReadersCostBoundedMemoryAndStillGetEveryByte) {
  constexpr int kReaders = 4;
  constexpr int64_t kFileBytes = 64 * kMiB;
  // A reader that does not read: 1 MiB of ours, 4 MiB that gRPC takes all the same, and slack.
  constexpr int64_t kBoundBytes = (kReaders + 1) * 12 * kMiB;
  World world;
  const v1::Pcap pcap = world.CreateLarge(kFileBytes);
  const std::string file = world.emulator.Download(kAccount, pcap.id());
  const int64_t before = world.gateway.ResidentBytes();
  std::vector<OpenStream<v1::DownloadPcapResponse>> slow;
  for (int i = 0; i < kReaders; ++i) {
    slow.push_back(world.caller.Open(DownloadRequest(pcap.id())));
    v1::DownloadPcapResponse info;
    ASSERT_TRUE(slow.back().Read(&info));
  }
  // Once one reader has had it all, the others could have had as much.
  EXPECT_TRUE(FileOf(world.caller.Call(DownloadRequest(pcap.id()))) == file);
  const int64_t grown = world.gateway.ResidentBytes() - before;
  EXPECT_TRUE(grown < kBoundBytes || kInstrumented) << grown << " bytes";
  for (auto& stream : slow) {
    std::string bytes;
    for (v1::DownloadPcapResponse message; stream.Read(&message);) bytes += message.chunk().data();
    EXPECT_TRUE(stream.Finish().status.ok());
    EXPECT_TRUE(bytes == file);
  }
}

TEST(Downloads, CancelledOneGivesItsPlaceToTheNext) {
  World world({{"download", {{"max_streams", 1}}}});
  const v1::Pcap large = world.CreateLarge(64 * kMiB);
  const v1::Pcap small = world.CreateDone();
  auto first = world.caller.Open(DownloadRequest(large.id()), {{"request-id", "the-first"}});
  v1::DownloadPcapResponse message;
  ASSERT_TRUE(first.Read(&message));
  const Download refused = world.caller.Call(DownloadRequest(small.id()));
  ExpectRefused(refused, absl::StatusCode::kResourceExhausted, "OVERLOADED");
  EXPECT_GT(ExpectRetryInfo(refused), absl::ZeroDuration());

  first.Cancel();
  EXPECT_FALSE(world.gateway.WaitForRpc("the-first").empty());
  EXPECT_NE(FileOf(world.caller.Call(DownloadRequest(small.id()))), "");
}

}  // namespace
}  // namespace pcaps::integration
