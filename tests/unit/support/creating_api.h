// An upstream that several replicas create captures at, with the fate of each POST as a test wants
// it; and one replica's way to it.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "clients/pcaps_api/destination.h"
#include "tests/unit/support/fake_pcaps_api.h"

namespace pcaps {

// What happens to a POST.
struct CreateFate {
  enum class Answer { kCapture, kLost, kNotSent };
  bool executed = true;
  absl::Duration executed_after;
  Answer answer = Answer::kCapture;
  absl::Duration answer_after;  // From when it was executed, or would have been.
};

struct CreatingUpstream {
  struct Made {
    std::string request_id;
    v1::Pcap pcap;
  };
  std::vector<Made> made;
  std::map<std::string, int> posts;     // By request_id: sent, for all we know.
  std::map<std::string, int> executed;  // By request_id.
  absl::Duration ahead;                 // Its clock before the replicas'.

  const Made* Find(const std::string& id) const {
    for (const Made& each : made) {
      if (each.pcap.id() == id) return &each;
    }
    return nullptr;
  }
};

class CreatingApi : public FakePcapsApi {
 public:
  CreatingApi(CreatingUpstream& upstream, Clock& clock)
      : FakePcapsApi(clock), upstream_(upstream), clock_(clock) {}

  std::function<CreateFate(const v1::CreatePcapRequest&)> fate = [](const auto&) {
    return CreateFate{};
  };
  bool lists = true;  // Else no list can be read.
  size_t list_size = 50;

  Task<absl::StatusOr<v1::Pcap>> CreatePcap(v1::CreatePcapRequest request,
                                            CallTerms terms) override {
    ++create_calls;
    const CreateFate is = fate(request);
    if (is.answer == CreateFate::Answer::kNotSent) {
      co_return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                          "nothing was sent");
    }
    terms.CountRequest();
    ++upstream_.posts[request.request_id()];
    co_await SleepUntil(std::min(clock_.Now() + is.executed_after, terms.deadline));
    v1::Pcap pcap;
    if (is.executed) pcap = Execute(request);
    const absl::Time answer_time = clock_.Now() + is.answer_after;
    co_await SleepUntil(std::min(answer_time, terms.deadline));
    if (is.answer == CreateFate::Answer::kCapture && answer_time <= terms.deadline) co_return pcap;
    co_return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN,
                        "no answer");
  }

  Task<absl::StatusOr<std::vector<v1::Pcap>>> ListPcaps(std::string account_id,
                                                        CallTerms terms) override {
    terms.CountRequest();
    ++list_calls;
    co_await SleepUntil(clock_.Now() + read_duration);
    if (!lists) {
      co_return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                          "no list");
    }
    std::vector<v1::Pcap> list;
    for (const auto& each : upstream_.made) {
      if (each.pcap.account_id() == account_id) list.push_back(each.pcap);
    }
    std::reverse(list.begin(), list.end());
    if (list.size() > list_size) list.resize(list_size);
    co_return list;
  }

  std::optional<absl::Duration> UpstreamAhead() const override { return upstream_.ahead; }

  Task<absl::StatusOr<v1::Pcap>> GetPcap(std::string, std::string pcap_id,
                                         CallTerms terms) override {
    terms.CountRequest();
    ++get_calls;
    const auto* const found = upstream_.Find(pcap_id);
    if (found == nullptr) {
      co_return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND, "gone");
    }
    co_return found->pcap;
  }

 private:
  Task<void> SleepUntil(absl::Time time) {
    while (clock_.Now() < time) co_await clock_.SleepUntil(time);
  }

  v1::Pcap Execute(const v1::CreatePcapRequest& request) {
    ++upstream_.executed[request.request_id()];
    v1::Pcap pcap;
    pcap.set_account_id(request.account_id());
    pcap.set_id(absl::StrCat("created", upstream_.made.size() + 1));
    pcap.set_status(v1::Pcap::STATUS_PENDING);
    *pcap.mutable_time_limit() = request.time_limit();
    if (request.has_filter()) *pcap.mutable_filter() = request.filter();
    // In whole seconds, as the upstream has it.
    pcap.mutable_submit_time()->set_seconds(absl::ToUnixSeconds(clock_.Now() + upstream_.ahead));
    if (request.has_full()) {
      pcap.set_type(v1::Pcap::TYPE_FULL);
      pcap.mutable_full()->set_colo_name(request.full().colo_name());
      pcap.mutable_full()->set_destination_conf(
          RedactDestination(request.full().destination_conf()));
    } else {
      pcap.set_type(v1::Pcap::TYPE_SIMPLE);
      pcap.set_packet_limit(request.simple().packet_limit());
    }
    upstream_.made.push_back({request.request_id(), pcap});
    return pcap;
  }

  CreatingUpstream& upstream_;
  Clock& clock_;
};

}  // namespace pcaps
