// An upstream in memory: captures that a test puts there, errors it orders, calls it can count.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "clients/base/clock.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "clients/pcaps_api/pcaps_api.h"

namespace pcaps {

class FakePcapsApi : public PcapsApi {
 public:
  explicit FakePcapsApi(Clock& clock) : clock_(clock) {}

  // What a test may change at any time.
  std::map<std::pair<std::string, std::string>, v1::Pcap> captures;
  std::set<std::string> unlisted;             // Ids that no list shows.
  std::map<std::string, std::string> files;   // By capture id.
  std::deque<std::string> next_files;         // What the next downloads bring instead.
  std::map<std::string, absl::Status> ill;    // Captures that cannot be had alone, by id.
  absl::Status next_error;                    // Of every call, while it is not OK.
  absl::Status stop_answer;                   // Of every stop, while next_error is OK.
  absl::Duration create_duration;             // A create answers after this long;
  absl::Duration download_duration;           // a download, too;
  absl::Duration read_duration;               // and a get or a list.
  std::vector<v1::Ownership> ownerships;      // Of every account.
  absl::StatusOr<v1::Ownership> post_answer;  // Of both POSTs about ownerships,
  absl::Duration post_duration;               // after this long.
  absl::Duration upstream_ahead;              // Its clock before ours.

  // What it can ask.
  int ownership_list_calls = 0;
  int ownership_posts = 0;
  int list_calls = 0;
  int get_calls = 0;
  int create_calls = 0;
  int stop_calls = 0;
  int download_calls = 0;
  int reads() const { return list_calls + get_calls; }

  v1::Pcap& Put(const std::string& account, const std::string& id, v1::Pcap::Status status,
                v1::Pcap::Type type = v1::Pcap::TYPE_SIMPLE) {
    v1::Pcap& pcap = captures[{account, id}];
    const bool is_new = pcap.id().empty();
    pcap.set_account_id(account);
    pcap.set_id(id);
    pcap.set_type(type);
    pcap.set_status(status);
    pcap.set_done(status == v1::Pcap::STATUS_SUCCESS || status == v1::Pcap::STATUS_FAILED);
    if (is_new) *pcap.mutable_submit_time() = ToTimestamp(clock_.Now());
    return pcap;
  }

  Task<absl::StatusOr<std::vector<v1::Pcap>>> ListPcaps(std::string account_id,
                                                        CallTerms terms) override {
    terms.CountRequest();
    ++list_calls;
    const absl::Time began = clock_.Now();
    co_await clock_.Sleep(read_duration);
    if (!next_error.ok()) co_return next_error;
    std::vector<v1::Pcap> list;
    for (const auto& [key, pcap] : captures) {
      const bool listed = key.first == account_id && unlisted.count(key.second) == 0;
      if (listed) list.push_back(Observed(pcap, began));
    }
    co_return list;
  }

  std::optional<absl::Duration> UpstreamAhead() const override { return upstream_ahead; }

  Task<absl::StatusOr<v1::Pcap>> GetPcap(std::string account_id, std::string pcap_id,
                                         CallTerms terms) override {
    terms.CountRequest();
    ++get_calls;
    const absl::Time began = clock_.Now();
    co_await clock_.Sleep(read_duration);
    if (!next_error.ok()) co_return next_error;
    const auto sick = ill.find(pcap_id);
    if (sick != ill.end()) co_return sick->second;
    const auto found = captures.find({account_id, pcap_id});
    if (found == captures.end()) {
      co_return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND, "gone");
    }
    co_return Observed(found->second, began);
  }

  Task<absl::StatusOr<v1::Pcap>> CreatePcap(v1::CreatePcapRequest request,
                                            CallTerms terms) override {
    terms.CountRequest();
    const std::string id = absl::StrCat("created", ++create_calls);
    const absl::Time began = clock_.Now();
    co_await clock_.Sleep(create_duration);
    if (!next_error.ok()) co_return next_error;
    const auto type = request.has_full() ? v1::Pcap::TYPE_FULL : v1::Pcap::TYPE_SIMPLE;
    co_return Observed(Put(request.account_id(), id, v1::Pcap::STATUS_PENDING, type), began);
  }

  Task<absl::Status> StopPcap(std::string, std::string, CallTerms terms) override {
    terms.CountRequest();
    ++stop_calls;
    co_return next_error.ok() ? stop_answer : next_error;
  }

  Task<absl::StatusOr<PcapFile>> DownloadPcap(std::string, std::string pcap_id, int64_t whole_max,
                                              CallTerms terms) override {
    terms.CountRequest();
    ++download_calls;
    co_await clock_.Sleep(download_duration);
    if (!next_error.ok()) co_return next_error;
    std::string bytes = files[pcap_id];
    if (!next_files.empty()) {
      bytes = std::move(next_files.front());
      next_files.pop_front();
    }
    PcapFile file;
    file.content_type = "application/vnd.tcpdump.pcap";
    file.size = static_cast<int64_t>(bytes.size());
    if (*file.size > whole_max) file.rest = std::make_unique<Rest>(bytes.substr(whole_max));
    file.head = bytes.substr(0, whole_max);
    co_return file;
  }

  Task<absl::StatusOr<OwnershipList>> ListOwnerships(std::string, CallTerms terms) override {
    terms.CountRequest();
    ++ownership_list_calls;
    co_await clock_.Sleep(read_duration);
    if (!next_error.ok()) co_return next_error;
    co_return OwnershipList{ownerships, upstream_ahead};
  }

  Task<absl::StatusOr<v1::Ownership>> CreateOwnership(v1::CreateOwnershipRequest,
                                                      CallTerms terms) override {
    terms.CountRequest();
    ++ownership_posts;
    co_await clock_.Sleep(post_duration);
    co_return post_answer;
  }

  Task<absl::StatusOr<v1::Ownership>> ValidateOwnership(v1::ValidateOwnershipRequest,
                                                        CallTerms terms) override {
    terms.CountRequest();
    ++ownership_posts;
    co_await clock_.Sleep(post_duration);
    co_return post_answer;
  }

  Task<absl::Status> DeleteOwnership(std::string, std::string, CallTerms terms) override {
    terms.CountRequest();
    co_return next_error;
  }

 private:
  // All of it at once.
  class Rest : public PcapBody {
   public:
    explicit Rest(std::string bytes) : bytes_(std::move(bytes)) {}
    Task<absl::StatusOr<std::string>> Read() override { co_return std::exchange(bytes_, {}); }

   private:
    std::string bytes_;
  };

  static v1::Pcap Observed(v1::Pcap pcap, absl::Time began) {
    *pcap.mutable_observed_time() = ToTimestamp(began);
    return pcap;
  }

  Clock& clock_;
};

}  // namespace pcaps
