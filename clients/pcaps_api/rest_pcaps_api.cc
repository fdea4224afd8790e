#include "clients/pcaps_api/rest_pcaps_api.h"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/base/error.h"
#include "clients/pcaps_api/destination.h"
#include "clients/pcaps_api/json_codec.h"
#include "clients/pcaps_api/streamed_body.h"
#include "clients/pcaps_api/upstream_error.h"

namespace pcaps {
namespace {

constexpr char kUserAgent[] = "pcaps-gateway/" PCAPS_VERSION;

std::string Encode(const std::string& part) {
  return boost::urls::encode(part, boost::urls::unreserved_chars);
}

std::string PcapsPath(const std::string& account_id) {
  return absl::StrCat("/accounts/", Encode(account_id), "/pcaps");
}

HttpOptions WithUserAgent(HttpOptions options) {
  if (options.user_agent.empty()) options.user_agent = kUserAgent;
  return options;
}

UpstreamCallerOptions WithoutTrailingSlash(UpstreamCallerOptions options) {
  options.base_url = std::string(absl::StripSuffix(options.base_url, "/"));
  return options;
}

// A decoded answer, or what is wrong with it, as the error it is.
template <typename T>
absl::StatusOr<T> Decoded(const UpstreamReply& reply, absl::StatusOr<T> decoded) {
  if (decoded.ok()) return decoded;
  return BadResponse(reply.head, decoded.status().message());
}

// Where an answer that needs no content has some all the same, it must be about what was asked.
absl::Status CheckId(const UpstreamReply& reply, absl::string_view id) {
  const boost::json::object* const result =
      reply.result == nullptr ? nullptr : reply.result->if_object();
  const boost::json::value* const named = result == nullptr ? nullptr : result->if_contains("id");
  if (named == nullptr || !named->is_string()) return absl::OkStatus();
  const boost::json::string& text = named->get_string();
  if (absl::string_view(text.data(), text.size()) == id) return absl::OkStatus();
  return BadResponse(reply.head, "it is about another id");
}

}  // namespace

RestPcapsApi::RestPcapsApi(const Loop& loop, RestPcapsApiOptions options,
                           std::shared_ptr<const Credentials> credentials,
                           std::shared_ptr<UpstreamLimits> limits, Clock& clock,
                           std::function<double()> uniform)
    : stall_timeout_(options.upstream_stall_timeout),
      on_odd_answer_(std::move(options.on_odd_answer)),
      on_write_(std::move(options.on_write)),
      clock_(clock),
      upstream_(std::make_shared<UpstreamCaller>(
          loop, WithoutTrailingSlash(std::move(options.upstream)),
          WithUserAgent(std::move(options.http)), std::move(credentials), std::move(limits), clock,
          std::move(uniform))) {}

RestPcapsApi::RestPcapsApi(const RestPcapsApi& other, Purpose purpose)
    : stall_timeout_(other.stall_timeout_),
      on_odd_answer_(other.on_odd_answer_),
      on_write_(other.on_write_),
      clock_(other.clock_),
      purpose_(purpose),
      upstream_(other.upstream_) {}

std::unique_ptr<PcapsApi> RestPcapsApi::For(Purpose purpose) const {
  return std::unique_ptr<PcapsApi>(new RestPcapsApi(*this, purpose));
}

Task<absl::StatusOr<UpstreamReply>> RestPcapsApi::Read(UpstreamCall call, CallTerms terms) const {
  call.purpose = purpose_;
  return upstream_->Read(std::move(call), std::move(terms));
}

void RestPcapsApi::Tell(Operation operation, const std::string& account_id, const HttpHead& head,
                        Oddities oddities) const {
  if (oddities.empty() || !on_odd_answer_) return;
  on_odd_answer_({operation, account_id, CleanText(head.Header("cf-ray")), std::move(oddities)});
}

void RestPcapsApi::TellWrite(WriteReceipt receipt, const HttpHead& head) const {
  if (!on_write_) return;
  receipt.cf_ray = CleanText(head.Header("cf-ray"));
  on_write_(receipt);
}

Task<absl::StatusOr<std::vector<v1::Pcap>>> RestPcapsApi::ListPcaps(std::string account_id,
                                                                    CallTerms terms) {
  UpstreamCall call{Operation::kListPcaps, account_id, "GET", PcapsPath(account_id)};
  const auto reply = co_await Read(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  const std::optional<absl::Time> date = reply->head.Date();
  if (date.has_value()) upstream_ahead_ = *date - clock_.Now();
  Oddities oddities;
  absl::StatusOr<std::vector<v1::Pcap>> pcaps =
      PcapsFromJson(*reply->result, {account_id, reply->began}, oddities);
  Tell(Operation::kListPcaps, account_id, reply->head, std::move(oddities));
  co_return Decoded(*reply, std::move(pcaps));
}

Task<absl::StatusOr<v1::Pcap>> RestPcapsApi::GetPcap(std::string account_id, std::string pcap_id,
                                                     CallTerms terms) {
  const std::string path = absl::StrCat(PcapsPath(account_id), "/", Encode(pcap_id));
  UpstreamCall call{Operation::kGetPcap, account_id, "GET", path};
  const auto reply = co_await Read(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  Oddities oddities;
  absl::StatusOr<v1::Pcap> pcap =
      PcapFromJson(*reply->result, {account_id, reply->began}, oddities);
  Tell(Operation::kGetPcap, account_id, reply->head, std::move(oddities));
  if (pcap.ok() && pcap->id() != pcap_id) co_return BadResponse(reply->head, "another capture");
  co_return Decoded(*reply, std::move(pcap));
}

Task<absl::StatusOr<v1::Pcap>> RestPcapsApi::CreatePcap(v1::CreatePcapRequest request,
                                                        CallTerms terms) {
  const std::string& account_id = request.account_id();
  UpstreamCall call{Operation::kCreatePcap, account_id, "POST", PcapsPath(account_id),
                    ToJson(request)};
  if (request.has_full()) call.secrets = SecretsOf(request.full().destination_conf());
  const auto reply = co_await upstream_->Write(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  Oddities oddities;
  absl::StatusOr<v1::Pcap> pcap =
      Decoded(*reply, PcapFromJson(*reply->result, {account_id, reply->began}, oddities));
  Tell(Operation::kCreatePcap, account_id, reply->head, std::move(oddities));
  if (!pcap.ok()) co_return OutcomeUnknown(Operation::kCreatePcap, pcap.status());
  TellWrite({Operation::kCreatePcap, account_id, pcap->id(), "", request.request_id()},
            reply->head);
  co_return pcap;
}

Task<absl::Status> RestPcapsApi::StopPcap(std::string account_id, std::string pcap_id,
                                          CallTerms terms) {
  const std::string path = absl::StrCat(PcapsPath(account_id), "/", Encode(pcap_id), "/stop");
  UpstreamCall call{Operation::kStopPcap, account_id, "PUT", path};
  call.accept = "*/*";
  const auto reply = co_await upstream_->Write(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  const absl::Status named = CheckId(*reply, pcap_id);
  if (named.ok()) TellWrite({Operation::kStopPcap, account_id, pcap_id}, reply->head);
  co_return named;
}

Task<absl::StatusOr<PcapFile>> RestPcapsApi::DownloadPcap(std::string account_id,
                                                          std::string pcap_id, int64_t whole_max,
                                                          CallTerms terms) {
  const std::string path = absl::StrCat(PcapsPath(account_id), "/", Encode(pcap_id), "/download");
  UpstreamCall call{Operation::kDownloadPcap, account_id, "GET", path};
  call.accept = "application/vnd.tcpdump.pcap";
  call.whole_max = whole_max;
  auto reply = co_await Read(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  PcapFile file;
  file.content_type = CleanText(reply->head.Header("content-type"));
  file.size = reply->head.ContentLength();
  file.head = std::move(reply->body);
  if (reply->rest == nullptr) {
    file.size = static_cast<int64_t>(file.head.size());
  } else {
    file.rest = std::make_unique<StreamedBody>(std::move(reply->rest), std::move(reply->slot),
                                               stall_timeout_, clock_);
  }
  co_return file;
}

Task<absl::StatusOr<OwnershipList>> RestPcapsApi::ListOwnerships(std::string account_id,
                                                                 CallTerms terms) {
  const std::string path = absl::StrCat(PcapsPath(account_id), "/ownership");
  UpstreamCall call{Operation::kListOwnerships, account_id, "GET", path};
  const auto reply = co_await Read(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  Oddities oddities;
  absl::StatusOr<std::vector<v1::Ownership>> ownerships =
      Decoded(*reply, OwnershipsFromJson(*reply->result, oddities));
  Tell(Operation::kListOwnerships, account_id, reply->head, std::move(oddities));
  if (!ownerships.ok()) co_return ownerships.status();
  OwnershipList list{*std::move(ownerships)};
  const std::optional<absl::Time> date = reply->head.Date();
  if (date.has_value()) list.upstream_ahead = *date - reply->sent;
  co_return list;
}

Task<absl::StatusOr<v1::Ownership>> RestPcapsApi::CreateOwnership(
    v1::CreateOwnershipRequest request, CallTerms terms) {
  const std::string path = absl::StrCat(PcapsPath(request.account_id()), "/ownership");
  UpstreamCall call{Operation::kCreateOwnership, request.account_id(), "POST", path,
                    ToJson(request)};
  call.secrets = SecretsOf(request.destination_conf());
  return PostOwnership(std::move(call), request.destination_conf(), std::move(terms));
}

Task<absl::StatusOr<v1::Ownership>> RestPcapsApi::ValidateOwnership(
    v1::ValidateOwnershipRequest request, CallTerms terms) {
  const std::string path = absl::StrCat(PcapsPath(request.account_id()), "/ownership/validate");
  // An answer may hold the keys all the same: the upstream knows them since the bucket was created.
  std::vector<std::string> secrets = SecretsOf(request.destination_conf());
  secrets.push_back(request.ownership_challenge());
  request.set_destination_conf(WithoutKeys(request.destination_conf()));
  UpstreamCall call{Operation::kValidateOwnership,
                    request.account_id(),
                    "POST",
                    path,
                    ToJson(request),
                    std::move(secrets)};
  return PostOwnership(std::move(call), request.destination_conf(), std::move(terms));
}

Task<absl::StatusOr<v1::Ownership>> RestPcapsApi::PostOwnership(UpstreamCall call,
                                                                std::string bucket,
                                                                CallTerms terms) {
  const Operation operation = call.operation;
  const std::string account_id = call.account_id;
  const auto reply = co_await upstream_->Write(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  Oddities oddities;
  absl::StatusOr<v1::Ownership> ownership =
      Decoded(*reply, OwnershipFromJson(*reply->result, oddities));
  Tell(operation, account_id, reply->head, std::move(oddities));
  if (ownership.ok() && !MayBeSameBucket(ownership->destination_conf(), bucket)) {
    ownership = BadResponse(reply->head, "it is about another bucket");
  }
  if (!ownership.ok()) co_return OutcomeUnknown(operation, ownership.status());
  TellWrite({operation, account_id, ownership->id()}, reply->head);
  co_return ownership;
}

Task<absl::Status> RestPcapsApi::DeleteOwnership(std::string account_id, std::string ownership_id,
                                                 CallTerms terms) {
  const std::string path = absl::StrCat(PcapsPath(account_id), "/ownership/", Encode(ownership_id));
  UpstreamCall call{Operation::kDeleteOwnership, account_id, "DELETE", path};
  call.accept = "*/*";
  const auto reply = co_await upstream_->Write(std::move(call), std::move(terms));
  if (!reply.ok()) co_return reply.status();
  const absl::Status named = CheckId(*reply, ownership_id);
  if (named.ok()) TellWrite({Operation::kDeleteOwnership, account_id, ownership_id}, reply->head);
  co_return named.ok() ? named : OutcomeUnknown(Operation::kDeleteOwnership, named);
}

}  // namespace pcaps
