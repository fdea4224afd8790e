// A thousand downloads while the upstream does everything wrong at random.
#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/base/sha256.h"
#include "clients/gateway/client.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

constexpr int kDownloads = 1000;
constexpr int kReaders = 16;  // Threads; the gateway allows 64 streams.
constexpr int kLargeFiles = 8;
constexpr int64_t kWholeMax = 256 << 10;  // Above it a file is streamed.
constexpr int64_t kLargeBytes = 1 << 20;
constexpr int64_t kChunkBytes = 16 << 10;
constexpr absl::Duration kDeadline = absl::Seconds(15);
constexpr absl::Duration kGrace = absl::Seconds(5);                 // The machine may be busy.
constexpr absl::Duration kSlowReaderPause = absl::Milliseconds(2);  // After each chunk.
constexpr double kLeastShareOk = 0.7;
// Its downloads all say which file they want: only there may the file be another one.
constexpr char kEtagAccount[] = "account-etag";
// The upstream limits its rate alone: that closes the budget, which is of no other account.
constexpr char kLimitedAccount[] = "account-limited";

// What DownloadPcap may say of such an upstream, see pcaps.proto.
const std::set<std::string> kDocumented = {"DOWNLOAD_CHANGED",      "DOWNLOAD_INTERRUPTED",
                                           "UPSTREAM_UNAVAILABLE",  "UPSTREAM_BAD_RESPONSE",
                                           "UPSTREAM_RATE_LIMITED", "UPSTREAM_REJECTED"};

json::array MixedFaults() {
  const std::vector<json::object> faults = {
      {{"fault", "latency"}, {"latency_ms", 50}},
      {{"fault", "status"}, {"status", 500}},
      {{"fault", "status"},
       {"status", 429},
       {"retry_after", 1},
       {"account", kLimitedAccount},
       {"probability", 0.1}},
      {{"fault", "html"}},
      {{"fault", "success_false"}},
      {{"fault", "empty"}},
      {{"fault", "changed_content"}, {"account", kEtagAccount}, {"probability", 0.05}},
      {{"fault", "not_pcap"}},
      {{"fault", "oversize"}, {"bytes", 100'000}},
      // In the middle of a record: an end between two would look like one.
      {{"fault", "bad_length"}, {"bytes", 30}},
      {{"fault", "no_length"}},
      {{"fault", "chunked"}},
      {{"fault", "truncate"}},
      {{"fault", "garbage"}},
      {{"fault", "slow_headers"}, {"bytes_per_second", 1000}},
      {{"fault", "slow_body"}, {"bytes_per_second", 4'000'000}},
      {{"fault", "close_after"}},
      {{"fault", "close_idle"}, {"latency_ms", 20}},
      {{"fault", "reset_before"}},
      {{"fault", "reset_during"}},
      {{"fault", "reset_after"}},
  };
  json::array all;
  for (const json::object& fault : faults) {
    all.push_back(Merge({{"endpoint", "download_pcap"}, {"probability", 0.02}}, fault));
  }
  return all;
}

struct File {
  v1::Pcap pcap;
  std::string sha256;  // Of what the emulator itself serves.
};

// How one download ended.
struct Ending {
  absl::Status status;
  std::string sha256;
  absl::Duration took;

  std::string Name() const { return status.ok() ? "OK" : ErrorInfoOf(status).reason(); }
};

class DownloadStorm : public testing::Test {
 protected:
  DownloadStorm() : world_(Settings()) {
    ConnectOptions options;
    options.target = world_.gateway.address();
    options.backoff.initial = absl::Milliseconds(20);
    auto client = GatewayClient::Connect(options);
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  json::object Settings() {
    const std::string token_file = directory_.Write("token", kUpstreamToken);
    json::array credentials;
    json::array budgets;
    for (const auto& [name, account] : {std::pair("default", "*"), {"limited", kLimitedAccount}}) {
      credentials.push_back({{"name", name},
                             {"token_file", token_file},
                             {"accounts", json::array{json::string(account)}},
                             {"budget", name}});
      budgets.push_back({{"name", name}, {"requests_per_second", 1'000'000}, {"burst", 1'000'000}});
    }
    return {{"upstream",
             {{"request_timeout", "2s"}, {"credentials", credentials}, {"budgets", budgets}}},
            {"download", {{"whole_max", kWholeMax}, {"chunk_size", kChunkBytes}}}};
  }

  // Every third download is of a large file; one in twelve is of the limited account.
  static const char* AccountOf(int number) {
    if (number % 12 == 1) return kLimitedAccount;
    return number % 3 == 1 ? kAccount : kEtagAccount;
  }

  File MakeFile(const std::string& account, int64_t large_bytes, bool chunked) {
    v1::CreatePcapRequest request = SimpleRequest(/*packets=*/1000);
    request.set_account_id(account);
    const auto created = world_.caller.Call(request);
    EXPECT_TRUE(created.status.ok()) << created.status;
    File file{created.response};
    world_.PinStatus(file.pcap, "success");
    if (large_bytes > 0) {
      world_.emulator.Control("POST", "files",
                              {{"account", account},
                               {"pcap_id", file.pcap.id()},
                               {"bytes", large_bytes},
                               {"chunked", chunked}});
    }
    file.sha256 = Sha256::Of(world_.emulator.Download(account, file.pcap.id()));
    return file;
  }

  // A small file for each download of one, so that no cache can answer; the large ones take turns.
  void MakeFiles() {
    std::vector<File> large;
    for (int i = 0; i < kLargeFiles; ++i) {
      large.push_back(MakeFile(kAccount, kLargeBytes * (1 + i % 3), i % 4 == 3));
    }
    for (int i = 0; i < kDownloads; ++i) {
      const bool is_large = i % 3 == 0;
      files_.push_back(is_large ? large[i / 3 % kLargeFiles] : MakeFile(AccountOf(i), 0, false));
    }
  }

  v1::DownloadPcapRequest RequestOf(const File& file) const {
    v1::DownloadPcapRequest request;
    request.set_account_id(file.pcap.account_id());
    request.set_pcap_id(file.pcap.id());
    if (request.account_id() == kEtagAccount) {
      request.set_if_etag(absl::StrCat("sha256:", absl::BytesToHexString(file.sha256)));
    }
    return request;
  }

  // Through our client, which resumes what breaks. `pause` after each chunk makes a slow reader.
  Ending Resumed(const v1::DownloadPcapRequest& request, absl::Duration pause) {
    Sha256 sha256;
    const DownloadSink sink = [&](absl::string_view bytes) {
      sha256.Update(bytes);
      absl::SleepFor(pause);
      return absl::OkStatus();
    };
    CallOptions options;
    options.deadline = absl::Now() + kDeadline;
    const auto result = client_->Download(request, sink, options);
    return {result.status(), sha256.Finish()};
  }

  // As a plain reader sees it.
  Ending Plain(const v1::DownloadPcapRequest& request) {
    const auto download = world_.caller.Call(request);
    Sha256 sha256;
    for (const auto& message : download.messages) sha256.Update(message.chunk().data());
    return {download.status, sha256.Finish()};
  }

  // The `number`-th download: half of them plain, every fifth reader slow.
  Ending Download(int number) {
    const v1::DownloadPcapRequest request = RequestOf(files_[number]);
    const bool slow = number % 5 == 0;
    const absl::Time start = absl::Now();
    Ending ending = number % 2 == 0 && !slow
                        ? Plain(request)
                        : Resumed(request, slow ? kSlowReaderPause : absl::ZeroDuration());
    ending.took = absl::Now() - start;
    return ending;
  }

  TempDir directory_;
  World world_;
  std::unique_ptr<GatewayClient> client_;
  std::vector<File> files_;
};

TEST_F(DownloadStorm, ThousandDownloadsEndOkAndRightOrWithADocumentedErrorInTime) {
  MakeFiles();
  world_.emulator.AddFaults(MixedFaults());
  std::vector<Ending> endings(kDownloads);
  std::atomic<int> next = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      for (int number = next++; number < kDownloads; number = next++) {
        endings[number] = Download(number);
      }
    });
  }
  for (std::thread& each : readers) each.join();

  std::map<std::string, int> tally;
  for (int i = 0; i < kDownloads; ++i) {
    const Ending& ending = endings[i];
    ++tally[ending.Name()];
    EXPECT_LT(ending.took, kDeadline + kGrace);
    if (ending.status.ok()) {
      EXPECT_TRUE(ending.sha256 == files_[i].sha256) << "download " << i << " is OK and wrong";
    } else {
      EXPECT_EQ(kDocumented.count(ending.Name()), 1U) << ending.status;
    }
  }
  for (const auto& [name, count] : tally) std::cout << count << " " << name << "\n";
  EXPECT_GE(tally["OK"], kLeastShareOk * kDownloads);
  EXPECT_GE(tally.size(), 4U) << "the storm was none";
  const json::value faults = world_.emulator.Control("GET", "faults", nullptr);
  for (const json::value& fault : faults.as_array()) {
    EXPECT_GT(fault.at("fired").as_int64(), 0) << json::serialize(fault);
  }
}

}  // namespace
}  // namespace pcaps::integration
