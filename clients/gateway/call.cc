#include "clients/gateway/call.h"

#include <string>

#include "clients/gateway/status.h"

namespace pcaps {
namespace {

constexpr char kRequestIdKey[] = "request-id";

std::string RequestIdFrom(const grpc::ClientContext& context) {
  // An error without a message has trailing metadata only; one in the middle of a stream may have
  // sent its id at the start.
  for (const auto* metadata :
       {&context.GetServerTrailingMetadata(), &context.GetServerInitialMetadata()}) {
    const auto found = metadata->find(kRequestIdKey);
    if (found != metadata->end()) return {found->second.data(), found->second.size()};
  }
  return "";
}

}  // namespace

Call::Call(const Connection& connection, const CallOptions& options, absl::Time deadline)
    : stop_(options.stop), on_stop_(options.stop, [this] { context_.TryCancel(); }) {
  if (deadline != absl::InfiniteFuture()) context_.set_deadline(absl::ToChronoTime(deadline));
  if (!connection.authorization.empty()) {
    context_.AddMetadata("authorization", connection.authorization);
  }
  if (!options.request_id.empty()) context_.AddMetadata(kRequestIdKey, options.request_id);
}

absl::Status Call::Outcome(const grpc::Status& status) const {
  absl::Status result = FromGrpcStatus(status);
  if (result.ok()) return result;
  if (absl::IsCancelled(result) && stop_.stop_requested()) {
    return absl::CancelledError("interrupted");
  }
  if (!RequestIdOf(result).empty()) return result;
  const std::string request_id = RequestIdFrom(context_);
  return request_id.empty() ? result : WithRequestId(std::move(result), request_id);
}

}  // namespace pcaps
