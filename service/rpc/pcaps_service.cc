#include "service/rpc/pcaps_service.h"

#include <utility>

#include "clients/base/proto_time.h"
#include "service/rpc/server_stream.h"
#include "service/rpc/unary_call.h"

namespace pcaps {
grpc::ServerUnaryReactor* PcapsService::ListPcaps(grpc::CallbackServerContext* context,
                                                  const v1::ListPcapsRequest* request,
                                                  v1::ListPcapsResponse* response) {
  auto call = MakeCall(env_, context, list_pcaps_, *request);
  call->Enter(CheckRequest(*request));
  auto handler = [this, request = *request, terms = call->terms()] {
    return gateway_.ListPcaps(request, terms);
  };
  return UnaryCall<v1::ListPcapsResponse>::StartServed(std::move(call), response,
                                                       std::move(handler));
}

grpc::ServerUnaryReactor* PcapsService::GetPcap(grpc::CallbackServerContext* context,
                                                const v1::GetPcapRequest* request,
                                                v1::Pcap* response) {
  auto call = MakeCall(env_, context, get_pcap_, *request);
  if (call->Enter(CheckRequest(*request)) == Call::Entry::kOpen) {
    auto cached = gateway_.Cached(*request);
    if (cached.has_value()) return AnswerAtOnce(*call, response, *std::move(cached));
  }
  auto handler = [this, request = *request, terms = call->terms()] {
    return gateway_.GetPcap(request, terms);
  };
  return UnaryCall<v1::Pcap>::StartServed(std::move(call), response, std::move(handler));
}

grpc::ServerUnaryReactor* PcapsService::CreatePcap(grpc::CallbackServerContext* context,
                                                   const v1::CreatePcapRequest* request,
                                                   v1::Pcap* response) {
  auto call = MakeCall(env_, context, create_pcap_, *request);
  call->Enter(CheckRequest(*request, bounds_, env_.clock.Now()));
  const absl::Duration queue_wait = FromProtoDuration(request->max_queue_wait());
  auto handler = [this, request = *request, terms = call->TermsWith(queue_wait),
                  caller = call->caller_name()] {
    return gateway_.CreatePcap(request, terms, caller);
  };
  return UnaryCall<v1::Pcap>::Start(std::move(call), response, std::move(handler));
}

grpc::ServerUnaryReactor* PcapsService::StopPcap(grpc::CallbackServerContext* context,
                                                 const v1::StopPcapRequest* request,
                                                 v1::StopPcapResponse* response) {
  auto call = MakeCall(env_, context, stop_pcap_, *request);
  call->Enter(CheckRequest(*request));
  auto handler = [this, request = *request, terms = call->terms()] {
    return gateway_.StopPcap(request, terms);
  };
  return UnaryCall<v1::StopPcapResponse>::Start(std::move(call), response, std::move(handler));
}

grpc::ServerWriteReactor<v1::DownloadPcapResponse>* PcapsService::DownloadPcap(
    grpc::CallbackServerContext* context, const v1::DownloadPcapRequest* request) {
  auto call = MakeCall(env_, context, download_pcap_, *request);
  const Loop& loop = gateway_.DownloadLoop(*request);
  auto handler = [this, request = *request,
                  cost = call->cost()](StreamWriter<v1::DownloadPcapResponse>& writer) {
    return gateway_.DownloadPcap(request, writer, cost);
  };
  return ServerStream<v1::DownloadPcapResponse>::Start(std::move(call), loop,
                                                       CheckRequest(*request), std::move(handler));
}

grpc::ServerWriteReactor<v1::WatchEvent>* PcapsService::WatchPcap(
    grpc::CallbackServerContext* context, const v1::WatchPcapRequest* request) {
  auto handler = [this, request = *request](StreamWriter<v1::WatchEvent>& writer) {
    return gateway_.WatchPcap(request, writer);
  };
  return ServerStream<v1::WatchEvent>::Start(MakeCall(env_, context, watch_pcap_, *request),
                                             env_.control, CheckRequest(*request),
                                             std::move(handler));
}

grpc::ServerWriteReactor<v1::WatchEvent>* PcapsService::WatchPcaps(
    grpc::CallbackServerContext* context, const v1::WatchPcapsRequest* request) {
  auto handler = [this, request = *request](StreamWriter<v1::WatchEvent>& writer) {
    return gateway_.WatchPcaps(request, writer);
  };
  return ServerStream<v1::WatchEvent>::Start(MakeCall(env_, context, watch_pcaps_, *request),
                                             env_.control, CheckRequest(*request),
                                             std::move(handler));
}

}  // namespace pcaps
