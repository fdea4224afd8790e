// RestPcapsApi: the PCAPs API over REST.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "clients/pcaps_api/upstream_caller.h"

namespace pcaps {

// An answer that is good but for what was left out of it.
struct OddAnswer {
  Operation operation;
  std::string account_id;
  std::string cf_ray;
  std::vector<std::string> left_out;  // Fit for a log.
};

// A write that the upstream has answered as done.
struct WriteReceipt {
  Operation operation;
  std::string account_id;
  std::string id;                      // Of the capture or ownership.
  std::string cf_ray;                  // Of the answer; empty where it had none.
  std::string create_request_id = "";  // Of a creation that its caller has named.
};

struct RestPcapsApiOptions {
  UpstreamCallerOptions upstream;
  HttpOptions http;  // Its user_agent is set here where it is empty.
  absl::Duration upstream_stall_timeout = absl::Seconds(
      30);  // A streamed file that stays slower for so long is given up: StreamedBody.
  // Called on the loop.
  std::function<void(const OddAnswer&)> on_odd_answer;
  std::function<void(const WriteReceipt&)> on_write;
};

// One per loop; instances share `limits`. Called on its loop's thread and destroyed there, or after
// that thread has ended; writes under way and bodies being read may outlive it, but not the clock
// or the loop.
class RestPcapsApi final : public PcapsApi {
 public:
  // `uniform` returns random numbers in [0, 1).
  RestPcapsApi(const Loop& loop, RestPcapsApiOptions options,
               std::shared_ptr<const Credentials> credentials,
               std::shared_ptr<UpstreamLimits> limits, Clock& clock,
               std::function<double()> uniform);

  // The same API, but its reads are for `purpose`; those of this one are for kRead. It may outlive
  // this one.
  std::unique_ptr<PcapsApi> For(Purpose purpose) const;

  Task<absl::StatusOr<std::vector<v1::Pcap>>> ListPcaps(std::string account_id,
                                                        CallTerms terms) override;
  std::optional<absl::Duration> UpstreamAhead() const override { return upstream_ahead_; }
  Task<absl::StatusOr<v1::Pcap>> GetPcap(std::string account_id, std::string pcap_id,
                                         CallTerms terms) override;
  Task<absl::StatusOr<v1::Pcap>> CreatePcap(v1::CreatePcapRequest request,
                                            CallTerms terms) override;
  Task<absl::Status> StopPcap(std::string account_id, std::string pcap_id,
                              CallTerms terms) override;
  Task<absl::StatusOr<PcapFile>> DownloadPcap(std::string account_id, std::string pcap_id,
                                              int64_t whole_max, CallTerms terms) override;
  Task<absl::StatusOr<OwnershipList>> ListOwnerships(std::string account_id,
                                                     CallTerms terms) override;
  Task<absl::StatusOr<v1::Ownership>> CreateOwnership(v1::CreateOwnershipRequest request,
                                                      CallTerms terms) override;
  Task<absl::StatusOr<v1::Ownership>> ValidateOwnership(v1::ValidateOwnershipRequest request,
                                                        CallTerms terms) override;
  Task<absl::Status> DeleteOwnership(std::string account_id, std::string ownership_id,
                                     CallTerms terms) override;

 private:
  RestPcapsApi(const RestPcapsApi& other, Purpose purpose);

  Task<absl::StatusOr<UpstreamReply>> Read(UpstreamCall call, CallTerms terms) const;
  Task<absl::StatusOr<v1::Ownership>> PostOwnership(UpstreamCall call, std::string bucket,
                                                    CallTerms terms);

  // Tells of what was left out of an answer.
  void Tell(Operation operation, const std::string& account_id, const HttpHead& head,
            std::vector<std::string> oddities) const;
  void TellWrite(WriteReceipt receipt, const HttpHead& head) const;

  const absl::Duration stall_timeout_;
  const std::function<void(const OddAnswer&)> on_odd_answer_;
  const std::function<void(const WriteReceipt&)> on_write_;
  Clock& clock_;
  const Purpose purpose_ = Purpose::kRead;
  std::optional<absl::Duration> upstream_ahead_;
  const std::shared_ptr<UpstreamCaller> upstream_;
};

}  // namespace pcaps
