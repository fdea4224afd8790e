#include "service/rpc/health_service.h"

#include <memory>
#include <string>
#include <utility>

#include "service/rpc/explained_bytes.h"
#include "service/rpc/server_stream.h"
#include "service/rpc/status_details.h"

namespace pcaps {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

bool IsKnown(const std::string& service) {
  return service.empty() || service == "pcaps.v1.PcapsService";
}

// The places of a watch: among all, and among those of its connection.
class HealthPlaces {
 public:
  HealthPlaces(Places& all, std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)), all_(all), of_all_(all.Take()) {
    if (connection_ != nullptr) of_connection_ = connection_->health_watches.Take();
  }

  absl::Status Check() const {
    if (!of_all_) return TooManyAtOnce(all_, "watches of health");
    if (connection_ == nullptr || of_connection_) return absl::OkStatus();
    return TooManyAtOnce(connection_->health_watches, "watches of health on this connection");
  }

 private:
  const std::shared_ptr<Connection> connection_;  // Null: it has ended.
  const Places& all_;
  Places::Place of_all_;
  Places::Place of_connection_;
};

int64_t BytesOf(const HealthCheckRequest& request) {
  return static_cast<int64_t>(request.ByteSizeLong());
}

}  // namespace

void HealthService::StopServing() {
  serving_ = false;
  changed_.Notify();
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context,
                                               const HealthCheckRequest* request,
                                               HealthCheckResponse* response) {
  // Probes ask every second on one connection.
  const DispatchedCall dispatched =
      env_.door.connections.Dispatch(context->peer(), BytesOf(*request) + MetadataBytes(*context));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!open_) {
    const absl::Status known = env_.callers.Identify(*context).status();
    if (!known.ok()) {
      reactor->Finish(ToGrpcStatus(known));
      return reactor;
    }
  }
  if (!IsKnown(request->service())) {
    reactor->Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service"));
    return reactor;
  }
  response->set_status(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(
    grpc::CallbackServerContext* context, const HealthCheckRequest* request) {
  CallSubject subject;
  subject.request_bytes = BytesOf(*request);
  auto call = std::make_unique<Call>(env_, context, watch_, subject);
  // Shared, because a std::function has to be copyable.
  const auto place = std::make_shared<HealthPlaces>(env_.door.health_watches,
                                                    env_.door.connections.OfPeer(context->peer()));
  const absl::Status checked = place->Check();
  auto handler = [this, place, known = IsKnown(request->service())](
                     StreamWriter<HealthCheckResponse>& writer) { return Follow(known, writer); };
  return ServerStream<HealthCheckResponse>::Start(std::move(call), env_.control, checked,
                                                  std::move(handler));
}

Task<absl::Status> HealthService::Follow(bool known_service,
                                         StreamWriter<HealthCheckResponse>& writer) {
  bool told_serving = false;
  bool told_any = false;
  while (true) {
    const bool serving = serving_;
    if (!told_any || (known_service && serving != told_serving)) {
      HealthCheckResponse response;
      if (!known_service) {
        response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
      } else {
        response.set_status(serving ? HealthCheckResponse::SERVING
                                    : HealthCheckResponse::NOT_SERVING);
      }
      const bool written = co_await writer.Write(response);
      if (!written) break;
      told_serving = serving;
      told_any = true;
      continue;
    }
    const bool cancelled = co_await Cancelled();
    if (cancelled) break;
    co_await changed_.Wait();
  }
  co_return absl::CancelledError("the watcher left");
}

}  // namespace pcaps
