#include "tests/bench/load/watchers.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "tests/bench/load/tally.h"

namespace pcaps::load {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(50);
constexpr int kMaxDoublings = 10;

}  // namespace

// One stream of a watcher. Kept by it until the next one begins, which is after OnDone().
class Watchers::Stream final : public grpc::ClientReadReactor<v1::WatchEvent> {
 public:
  Stream(Watchers& owner, size_t watcher, size_t target)
      : owner_(owner), watcher_(watcher), target_(target) {}

  void Open(Targets::Stub& stub, const v1::WatchPcapRequest& request) {
    request_ = request;
    stub.async()->WatchPcap(&context_, &request_, this);
    StartRead(&event_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  size_t watcher() const { return watcher_; }
  size_t target() const { return target_; }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    owner_.OnEvent(watcher_, event_);
    StartRead(&event_);
  }
  void OnDone(const grpc::Status& status) override { owner_.OnEnd(*this, status); }

  Watchers& owner_;
  const size_t watcher_;
  const size_t target_;
  grpc::ClientContext context_;
  v1::WatchPcapRequest request_;
  v1::WatchEvent event_;
};

Watchers::Watchers(WatchersOptions options)
    : options_(std::move(options)), targets_(options_.targets, options_.channels, options_.access) {
  const auto count = static_cast<size_t>(options_.watchers);
  {
    const absl::MutexLock lock(&mutex_);
    records_.resize(count);
    streams_.resize(count);
    failures_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      records_[i].capture = options_.captures[i % options_.captures.size()];
    }
  }
  for (size_t i = 0; i < count; ++i) Start(i, i);
}

Watchers::~Watchers() {
  const absl::MutexLock lock(&mutex_);
  ends_ = true;
  for (const auto& stream : streams_) {
    if (stream != nullptr) stream->Cancel();
  }
  mutex_.Await(absl::Condition(+[](int* open) { return *open == 0; }, &open_));
}

void Watchers::Start(size_t watcher, size_t target) {
  v1::WatchPcapRequest request;
  request.mutable_heartbeat_interval()->set_seconds(absl::ToInt64Seconds(options_.heartbeat));
  Stream* stream = nullptr;
  std::unique_ptr<Stream> earlier;  // Destroyed without the lock.
  {
    const absl::MutexLock lock(&mutex_);
    if (ends_) return;
    request.set_account_id(records_[watcher].capture.account_id);
    request.set_pcap_id(records_[watcher].capture.pcap_id);
    earlier = std::exchange(streams_[watcher],
                            std::make_unique<Stream>(*this, watcher, target % targets_.size()));
    stream = streams_[watcher].get();
    ++open_;
  }
  stream->Open(targets_.stub(target), request);
}

void Watchers::OnEvent(size_t watcher, const v1::WatchEvent& event) {
  const absl::Time now = absl::Now();
  const absl::MutexLock lock(&mutex_);
  WatcherRecord& record = records_[watcher];
  if (!std::exchange(record.attached, true)) {
    ++attached_;
    failures_[watcher] = 0;
    for (Break& each : record.breaks) each.reattached_at = std::min(each.reattached_at, now);
  }
  if (!event.has_pcap()) return;
  record.seen.push_back({event.pcap().status(), event.pcap().done(), now});
}

void Watchers::OnEnd(const Stream& stream, const grpc::Status& status) {
  const size_t watcher = stream.watcher();
  const size_t next = stream.target() + 1;
  const absl::MutexLock lock(&mutex_);
  WatcherRecord& record = records_[watcher];
  --open_;
  if (ends_) return;
  if (status.ok()) {
    record.finished = true;
    ++finished_;
    return;
  }
  if (std::exchange(record.attached, false)) --attached_;
  record.breaks.push_back(
      {.target = stream.target(), .at = absl::Now(), .outcome = OutcomeOf(status)});
  const int doublings = std::min(failures_[watcher]++, kMaxDoublings);
  const absl::Duration longest = std::min(kFirstBackoff * (1 << doublings), options_.max_backoff);
  const double share = std::uniform_real_distribution<>(0.5, 1)(random_);
  later_.At(absl::Now() + share * longest, [this, watcher, next] { Start(watcher, next); });
}

bool Watchers::WaitAttached(absl::Duration patience) const {
  const auto all = [this] {
    mutex_.AssertReaderHeld();
    return attached_ == options_.watchers;
  };
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&all), patience);
}

bool Watchers::WaitFinished(absl::Duration patience) const {
  const auto all = [this] {
    mutex_.AssertReaderHeld();
    return finished_ == options_.watchers;
  };
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&all), patience);
}

std::vector<WatcherRecord> Watchers::Records() const {
  const absl::MutexLock lock(&mutex_);
  return records_;
}

std::vector<absl::Duration> DeliveryDelays(const std::vector<WatcherRecord>& records,
                                           v1::Pcap::Status status, absl::Time changed_at) {
  std::vector<absl::Duration> delays;
  for (const WatcherRecord& record : records) {
    const auto seen = std::find_if(record.seen.begin(), record.seen.end(), [&](const Seen& each) {
      return each.status == status && each.at >= changed_at;
    });
    if (seen != record.seen.end()) delays.push_back(seen->at - changed_at);
  }
  return delays;
}

}  // namespace pcaps::load
