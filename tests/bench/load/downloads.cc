#include "tests/bench/load/downloads.h"

#include <pcaps/v1/pcaps.grpc.pb.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "clients/base/sha256.h"
#include "tests/bench/load/tally.h"
#include "tests/bench/load/targets.h"

namespace pcaps::load {
namespace {

class Downloads {
 public:
  explicit Downloads(const DownloadsOptions& options)
      : options_(options), targets_(options.targets, options.channels, options.access) {}

  DownloadsReport Run() {
    const absl::Time start = absl::Now();
    for (int i = 0; i < options_.readers; ++i) readers_.push_back(std::make_unique<Reader>(*this));
    for (size_t i = 0; i < readers_.size(); ++i) readers_[i]->Open(targets_.stub(i));
    const absl::MutexLock lock(&mutex_);
    const auto all = [this] {
      mutex_.AssertReaderHeld();
      return ended_ == options_.readers;
    };
    mutex_.Await(absl::Condition(&all));
    report_.took = absl::Now() - start;
    return report_;
  }

 private:
  class Reader final : public grpc::ClientReadReactor<v1::DownloadPcapResponse> {
   public:
    explicit Reader(Downloads& owner) : owner_(owner) {
      request_.set_account_id(owner.options_.account_id);
      request_.set_pcap_id(owner.options_.pcap_id);
      context_.set_deadline(absl::ToChronoTime(absl::Now() + owner.options_.timeout));
    }

    void Open(Targets::Stub& stub) {
      stub.async()->DownloadPcap(&context_, &request_, this);
      StartRead(&message_);
      StartCall();
    }

   private:
    void OnReadDone(bool ok) override {
      if (!ok) return;
      sha256_.Update(message_.chunk().data());
      if (message_.has_summary()) summary_ = message_.summary();
      StartRead(&message_);
    }
    void OnDone(const grpc::Status& status) override {
      const std::string digest = sha256_.Finish();
      const bool bad = status.ok() && digest != summary_.sha256();
      owner_.OnEnd(bad ? "BAD_SUMMARY" : OutcomeOf(status),
                   status.ok() ? absl::BytesToHexString(digest) : "");
    }

    Downloads& owner_;
    grpc::ClientContext context_;
    v1::DownloadPcapRequest request_;
    v1::DownloadPcapResponse message_;
    v1::DownloadSummary summary_;
    Sha256 sha256_;
  };

  void OnEnd(const std::string& outcome, const std::string& digest) {
    const absl::MutexLock lock(&mutex_);
    ++report_.outcomes[outcome];
    if (!digest.empty()) report_.sha256.insert(digest);
    ++ended_;
  }

  const DownloadsOptions& options_;
  Targets targets_;
  std::vector<std::unique_ptr<Reader>> readers_;
  absl::Mutex mutex_;
  DownloadsReport report_ ABSL_GUARDED_BY(mutex_);
  int ended_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

DownloadsReport RunDownloads(const DownloadsOptions& options) { return Downloads(options).Run(); }

}  // namespace pcaps::load
