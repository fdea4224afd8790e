#include "tests/bench/load/creates.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/bench/load/later.h"
#include "tests/bench/load/tally.h"
#include "tests/bench/load/targets.h"

namespace pcaps::load {
namespace {

constexpr int kMaxDoublings = 10;
constexpr absl::Duration kMaxBackoff = absl::Seconds(1);

class Creates {
 public:
  explicit Creates(const CreatesOptions& options)
      : options_(options), targets_(options.targets, options.channels, options.access) {}

  CreatesReport Run() {
    const absl::Time start = absl::Now();
    for (int i = 0; i < options_.in_flight; ++i) BeginNext();
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(+[](int* running) { return *running == 0; }, &running_));
    report_.took = absl::Now() - start;
    return report_;
  }

 private:
  struct Create {
    int number;
    absl::Time until;
    int tries = 0;
    v1::CreatePcapRequest request;
    std::unique_ptr<grpc::ClientContext> context;
    v1::Pcap response;
  };

  void BeginNext() {
    auto create = std::make_shared<Create>();
    {
      const absl::MutexLock lock(&mutex_);
      if (begun_ == options_.creates) return;
      create->number = begun_++;
      ++running_;
    }
    create->until = absl::Now() + options_.patience;
    v1::CreatePcapRequest& request = create->request;
    const auto accounts = static_cast<int>(options_.accounts.size());
    request.set_account_id(options_.accounts[static_cast<size_t>(create->number % accounts)]);
    request.set_request_id(absl::StrCat(options_.prefix, "-", create->number));
    request.mutable_time_limit()->set_seconds(60);
    request.mutable_simple()->set_packet_limit(10);
    if (options_.max_queue_wait > absl::ZeroDuration()) {
      request.mutable_max_queue_wait()->set_seconds(absl::ToInt64Seconds(options_.max_queue_wait));
    }
    Try(std::move(create));
  }

  void Try(std::shared_ptr<Create> create) {
    const auto target = static_cast<size_t>(create->number) + static_cast<size_t>(create->tries++);
    create->context = std::make_unique<grpc::ClientContext>();
    create->context->set_deadline(absl::ToChronoTime(absl::Now() + options_.timeout));
    Create* const trying = create.get();
    targets_.stub(target).async()->CreatePcap(
        trying->context.get(), &trying->request, &trying->response,
        [this, create = std::move(create)](const grpc::Status& status) { OnEnd(create, status); });
  }

  void OnEnd(const std::shared_ptr<Create>& create, const grpc::Status& status) {
    const absl::Time now = absl::Now();
    const std::string outcome = OutcomeOf(status);
    const bool again = !status.ok() && now < create->until;
    if (!again) BeginNext();  // Before this one is taken off: running_ is 0 only at the end.
    // Before the last one lets Run() end, and maybe the process.
    if (!again) create->context.reset();
    const absl::MutexLock lock(&mutex_);
    ++report_.outcomes[outcome];
    if (again) {
      const int doublings = std::min(create->tries - 1, kMaxDoublings);
      const absl::Duration wait = std::min(options_.backoff * (1 << doublings), kMaxBackoff);
      later_.At(now + wait, [this, create] { Try(create); });
      return;
    }
    if (status.ok()) {
      report_.pcap_ids.push_back(create->response.id());
      report_.ended.push_back(now);
    } else {
      ++report_.left[outcome];
    }
    --running_;
  }

  const CreatesOptions& options_;
  Targets targets_;
  absl::Mutex mutex_;
  CreatesReport report_ ABSL_GUARDED_BY(mutex_);
  int begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  Later later_;
};

}  // namespace

int64_t CreatesReport::DistinctIds() const {
  return static_cast<int64_t>(std::set<std::string>(pcap_ids.begin(), pcap_ids.end()).size());
}

CreatesReport RunCreates(const CreatesOptions& options) { return Creates(options).Run(); }

}  // namespace pcaps::load
