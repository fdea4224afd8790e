#include "tests/bench/load/gets.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace pcaps::load {
namespace {

class Gets {
 public:
  explicit Gets(const GetsOptions& options)
      : options_(options),
        targets_(options.targets, options.channels, options.access),
        start_(absl::Now()) {}

  GetsReport Run() {
    if (options_.per_second > 0) {
      BeginSteadily();
    } else {
      for (int i = 0; i < options_.in_flight; ++i) BeginNext();
    }
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(+[](int* running) { return *running == 0; }, &running_));
    report_.took = absl::Now() - start_;
    return report_;
  }

 private:
  struct Call {
    NamedCapture capture;
    size_t target;
    absl::Time began;
    grpc::ClientContext context;
    v1::GetPcapRequest request;
    v1::Pcap response;
  };

  // How far a capture is: statuses follow each other in this order, and done ones end it.
  static int RankOf(const v1::Pcap& pcap) { return pcap.done() ? 100 : pcap.status(); }

  void BeginSteadily() {
    for (int64_t i = 0;; ++i) {
      const absl::Time due = start_ + absl::Seconds(static_cast<double>(i) / options_.per_second);
      absl::SleepFor(due - absl::Now());
      if (!BeginNext()) return;
    }
  }

  // False when there is no more to begin.
  bool BeginNext() {
    auto call = std::make_unique<Call>();
    {
      const absl::MutexLock lock(&mutex_);
      const bool over =
          options_.calls > 0 ? begun_ >= options_.calls : absl::Now() >= start_ + options_.duration;
      if (over) return false;
      const int64_t number = begun_++;
      if (options_.per_second > 0 && running_ >= options_.in_flight) {
        ++report_.not_begun;
        return true;
      }
      ++running_;
      Fill(number, *call);
    }
    Call* const started = call.release();
    targets_.stub(started->target)
        .async()
        ->GetPcap(&started->context, &started->request, &started->response,
                  [this, started](const grpc::Status& status) { OnEnd(started, status); });
    return true;
  }

  void Fill(int64_t number, Call& call) const {
    const auto captures = static_cast<int64_t>(options_.captures.size());
    call.capture = options_.captures[static_cast<size_t>(number % captures)];
    // Not in step with the captures, so that each is asked for at every target.
    call.target = static_cast<size_t>(number % captures + number / captures);
    call.began = absl::Now();
    call.context.set_deadline(absl::ToChronoTime(call.began + options_.timeout));
    call.request.set_account_id(call.capture.account_id);
    call.request.set_pcap_id(call.capture.pcap_id);
    if (options_.bypass_every > 0 && (number / captures) % options_.bypass_every == 0) {
      call.request.mutable_max_age()->set_seconds(0);
    }
  }

  void OnEnd(Call* ended, const grpc::Status& status) {
    std::unique_ptr<Call> call(ended);
    const absl::Time now = absl::Now();
    const std::string cache = MetadataOf(call->context, "pcaps-cache");
    // Before this one is taken off, so that the count of those running is 0 only at the end.
    if (options_.per_second <= 0) BeginNext();
    const absl::MutexLock lock(&mutex_);
    report_.all.Add(status, cache, now - call->began);
    report_.accounts[call->capture.account_id].Add(status, cache, now - call->began);
    if (status.ok()) CheckOrder(*call, now);
    call.reset();  // Before the last one lets Run() end, and maybe the process.
    --running_;
  }

  void CheckOrder(const Call& call, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Shown& shown = shown_[{call.target % targets_.size(), call.capture.pcap_id}];
    const int rank = RankOf(call.response);
    if (call.began > shown.at && rank < shown.rank) ++report_.went_back;
    if (rank > shown.rank) shown = {rank, now};
  }

  struct Shown {
    int rank = 0;
    absl::Time at = absl::InfinitePast();
  };

  const GetsOptions& options_;
  Targets targets_;
  const absl::Time start_;
  absl::Mutex mutex_;
  GetsReport report_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<size_t, std::string>, Shown> shown_ ABSL_GUARDED_BY(mutex_);
  int64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

GetsReport RunGets(const GetsOptions& options) { return Gets(options).Run(); }

}  // namespace pcaps::load
