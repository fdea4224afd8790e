#include "clients/gateway/client.h"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <utility>

#include "clients/gateway/call.h"
#include "clients/gateway/pages.h"

namespace pcaps {
namespace {

absl::Duration QueueWait(const v1::CreatePcapRequest& request) {
  if (!request.has_max_queue_wait()) return absl::ZeroDuration();
  return absl::Seconds(request.max_queue_wait().seconds()) +
         absl::Nanoseconds(request.max_queue_wait().nanos());
}

}  // namespace

absl::StatusOr<std::unique_ptr<GatewayClient>> GatewayClient::Connect(
    const ConnectOptions& options) {
  absl::StatusOr<Connection> connection = OpenConnection(options);
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<GatewayClient>(new GatewayClient(*std::move(connection)));
}

absl::Time GatewayClient::UnaryDeadline(const CallOptions& options) const {
  if (options.deadline != absl::InfiniteFuture()) return options.deadline;
  return absl::Now() + connection_.unary_timeout;
}

absl::StatusOr<std::vector<v1::Pcap>> GatewayClient::List(const std::string& account_id,
                                                          const CallOptions& options) const {
  v1::ListPcapsRequest all;
  all.set_account_id(account_id);
  const auto fetch = [&](const v1::ListPcapsRequest& request) {
    Call call(connection_, options, UnaryDeadline(options));
    v1::ListPcapsResponse page;
    const absl::Status status =
        call.Outcome(connection_.stub->ListPcaps(&call.context(), request, &page));
    return status.ok() ? absl::StatusOr<v1::ListPcapsResponse>(std::move(page)) : status;
  };
  return internal::ReadAllPages<v1::Pcap>(
      all, fetch, [](auto& page) -> auto& { return *page.mutable_pcaps(); });
}

absl::StatusOr<v1::Pcap> GatewayClient::Get(const v1::GetPcapRequest& request,
                                            const CallOptions& options) const {
  Call call(connection_, options, UnaryDeadline(options));
  v1::Pcap pcap;
  const absl::Status status =
      call.Outcome(connection_.stub->GetPcap(&call.context(), request, &pcap));
  if (!status.ok()) return status;
  return pcap;
}

absl::StatusOr<v1::Pcap> GatewayClient::Create(v1::CreatePcapRequest request,
                                               const CallOptions& options) const {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  const bool bounded = options.deadline != absl::InfiniteFuture();  // By the caller, queue and all.
  Call call(connection_, options,
            UnaryDeadline(options) + (bounded ? absl::ZeroDuration() : QueueWait(request)));
  v1::Pcap pcap;
  const absl::Status status =
      call.Outcome(connection_.stub->CreatePcap(&call.context(), request, &pcap));
  if (!status.ok()) return status;
  return pcap;
}

absl::Status GatewayClient::Stop(const v1::StopPcapRequest& request,
                                 const CallOptions& options) const {
  Call call(connection_, options, UnaryDeadline(options));
  v1::StopPcapResponse response;
  return call.Outcome(connection_.stub->StopPcap(&call.context(), request, &response));
}

absl::StatusOr<DownloadResult> GatewayClient::Download(const v1::DownloadPcapRequest& request,
                                                       const DownloadSink& sink,
                                                       const CallOptions& options,
                                                       const OnDownloadInfo& on_info) const {
  return internal::Download(connection_, request, sink, options, on_info).Run();
}

absl::StatusOr<v1::Pcap> GatewayClient::Watch(const v1::WatchPcapRequest& request,
                                              const OnWatchEvent& on_event,
                                              const CallOptions& options) const {
  return internal::WatchUntilDone(connection_, request, on_event, options);
}

absl::Status GatewayClient::WatchAll(const v1::WatchPcapsRequest& request,
                                     const OnWatchEvent& on_event,
                                     const CallOptions& options) const {
  return internal::WatchAll(connection_, request, on_event, options);
}

std::string NewRequestId() { return boost::uuids::to_string(boost::uuids::random_generator()()); }

}  // namespace pcaps
