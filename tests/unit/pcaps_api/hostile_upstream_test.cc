// Whatever the upstream answers: the caller gets an answer or an error in time, and what it takes
// of bytes and memory is bounded.
#include <gmock/gmock.h>
#include <malloc.h>

#include <atomic>
#include <cstring>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "tests/unit/pcaps_api/hostile.h"
#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr absl::Duration kRequestTimeout = absl::Seconds(5);
constexpr int64_t kMaxMemory = int64_t{4} << 30;  // They keep what is freed.
#else
constexpr absl::Duration kRequestTimeout = absl::Seconds(1);
constexpr int64_t kMaxMemory = 32 << 20;
#endif
constexpr absl::Duration kGrace = absl::Seconds(1);
constexpr int64_t kWholeMax = 8 << 20;
// What may be in the kernel's buffers on both ends. Whatever has no bound sends far more in a
// second.
constexpr size_t kInKernels = 8 << 20;

// A line of /proc/self/status, in bytes.
int64_t StatusBytes(absl::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!absl::StartsWith(line, name)) continue;
    int64_t kib = 0;
    const size_t digits = line.find_first_of("0123456789");
    EXPECT_TRUE(absl::SimpleAtoi(line.substr(digits, line.find(' ', digits) - digits), &kib));
    return kib << 10;
  }
  return 0;
}

// The most memory that was resident since it was made, above what was then.
class MemoryPeak {
 public:
  MemoryPeak() {
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";
    before_ = StatusBytes("VmRSS:");
  }
  int64_t Rise() const { return StatusBytes("VmHWM:") - before_; }

 private:
  int64_t before_;
};

Task<absl::Status> ReadToEnd(PcapBody* body) {
  while (true) {
    const absl::StatusOr<std::string> data = co_await body->Read();
    if (!data.ok() || data->empty()) co_return data.status();
  }
}

// The message can be sent to a caller: protobuf refuses text that is no UTF-8.
template <typename Message>
absl::Status Sendable(const absl::StatusOr<Message>& message) {
  if (!message.ok()) return message.status();
  EXPECT_TRUE(Message().ParseFromString(message->SerializeAsString())) << message->DebugString();
  return absl::OkStatus();
}

void ExpectSendable(const absl::Status& status) {
  EXPECT_EQ(status.message(), CleanText(status.message()));
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  for (const auto& [key, value] : info.metadata()) EXPECT_EQ(value, CleanText(value)) << key;
}

class HostileUpstreamTest : public RestTest, public testing::WithParamInterface<Threat> {
 protected:
  HostileUpstreamTest() {
    options_.upstream.request_timeout = kRequestTimeout;
    options_.upstream_stall_timeout = absl::Milliseconds(300);
  }

  absl::Status Call(Ask ask) {
    v1::ValidateOwnershipRequest validate;
    validate.set_account_id("acc");
    validate.set_destination_conf("s3://bucket/dir?region=x");
    validate.set_ownership_challenge("challenge");
    switch (ask) {
      case Ask::kGet:
        return Sendable(Get());
      case Ask::kList:
        return Run(api_->ListPcaps("acc", Soon())).status();
      case Ask::kCreate:
        return Sendable(Create());
      case Ask::kStop:
        return Run(api_->StopPcap("acc", "p1", Soon()));
      case Ask::kListOwnerships:
        return Run(api_->ListOwnerships("acc", Soon())).status();
      case Ask::kValidate:
        return Sendable(Run(api_->ValidateOwnership(validate, Soon())));
      case Ask::kDelete:
        return Run(api_->DeleteOwnership("acc", "o1", Soon()));
      case Ask::kDownload:
        break;
    }
    const auto file = Run(api_->DownloadPcap("acc", "p1", kWholeMax, Soon()));
    if (!file.ok()) return file.status();
    EXPECT_EQ(file->content_type, CleanText(file->content_type));
    if (file->rest == nullptr) return absl::OkStatus();
    return Run(ReadToEnd(file->rest.get()));
  }
};

TEST_P(HostileUpstreamTest, DoesNoHarm) {
  const Threat& threat = GetParam();
  const TestServer elsewhere([](const TestRequest&) { return Success(R"({"id":"p1"})"); });
  std::atomic<bool> over = false;
  const TestServer& server = Serve([&](const TestRequest&) {
    if (over) return Success(R"({"id":"p1","status":"running"})");
    TestAnswer answer = threat.answer;
    const size_t at = answer.bytes.find("ELSEWHERE");
    if (at != std::string::npos) answer.bytes.replace(at, strlen("ELSEWHERE"), elsewhere.url());
    return answer;
  });
  const MemoryPeak memory;
  const absl::Time began = clock_.Now();
  const absl::Status status = Call(threat.ask);
  EXPECT_LE(clock_.Now() - began, kRequestTimeout + kGrace);
  EXPECT_LE(memory.Rise(), kMaxMemory);
  EXPECT_THAT(threat.reason, testing::HasSubstr(status.ok() ? kOk : ReasonName(ReasonOf(status))))
      << status;
  ExpectSendable(status);
  const int requests = static_cast<int>(server.requests().size());
  EXPECT_LE(requests, threat.max_requests);
  EXPECT_LE(server.sent(), requests * (threat.max_read + kInKernels));
  EXPECT_EQ(limits_->in_flight(), 0);

  // Nothing of it is left for the next call.
  over = true;
  credentials_->Replace(CredentialsWith("another"));
  absl::StatusOr<v1::Pcap> next = Get();
  // But what was still on its way, on a connection that seemed free, is its answer.
  if (!next.ok()) next = Get();
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->status(), v1::Pcap::STATUS_RUNNING);
  EXPECT_EQ(elsewhere.connections(), 0);
}

std::string NameOf(const testing::TestParamInfo<Threat>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Heads, HostileUpstreamTest, testing::ValuesIn(HostileHeads()), NameOf);
INSTANTIATE_TEST_SUITE_P(Framing, HostileUpstreamTest, testing::ValuesIn(HostileFraming()), NameOf);
INSTANTIATE_TEST_SUITE_P(Json, HostileUpstreamTest, testing::ValuesIn(HostileJson()), NameOf);
INSTANTIATE_TEST_SUITE_P(Contents, HostileUpstreamTest, testing::ValuesIn(HostileContents()),
                         NameOf);

}  // namespace
}  // namespace pcaps
