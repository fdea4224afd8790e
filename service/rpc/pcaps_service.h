// PcapsService: each RPC in three lines: check the request, ask the gateway, answer.
#pragma once

#include <pcaps/v1/pcaps.grpc.pb.h>

#include "service/gateway/gateway.h"
#include "service/rpc/call.h"
#include "service/rpc/request_checks.h"

namespace pcaps {

class PcapsService final : public v1::PcapsService::CallbackService {
 public:
  // Both referents outlive the service.
  PcapsService(RpcEnv& env, Gateway& gateway, RequestBounds bounds)
      : env_(env), gateway_(gateway), bounds_(bounds) {}

  grpc::ServerUnaryReactor* ListPcaps(grpc::CallbackServerContext* context,
                                      const v1::ListPcapsRequest* request,
                                      v1::ListPcapsResponse* response) override;
  grpc::ServerUnaryReactor* GetPcap(grpc::CallbackServerContext* context,
                                    const v1::GetPcapRequest* request, v1::Pcap* response) override;
  grpc::ServerUnaryReactor* CreatePcap(grpc::CallbackServerContext* context,
                                       const v1::CreatePcapRequest* request,
                                       v1::Pcap* response) override;
  grpc::ServerUnaryReactor* StopPcap(grpc::CallbackServerContext* context,
                                     const v1::StopPcapRequest* request,
                                     v1::StopPcapResponse* response) override;
  grpc::ServerWriteReactor<v1::DownloadPcapResponse>* DownloadPcap(
      grpc::CallbackServerContext* context, const v1::DownloadPcapRequest* request) override;
  grpc::ServerWriteReactor<v1::WatchEvent>* WatchPcap(grpc::CallbackServerContext* context,
                                                      const v1::WatchPcapRequest* request) override;
  grpc::ServerWriteReactor<v1::WatchEvent>* WatchPcaps(
      grpc::CallbackServerContext* context, const v1::WatchPcapsRequest* request) override;

 private:
  RpcMethod Method(RpcShape shape, CallAccess needs, absl::string_view name) const {
    return {env_.metrics, shape, needs, v1::PcapsService::service_full_name(), name};
  }

  RpcEnv& env_;
  Gateway& gateway_;
  const RequestBounds bounds_;
  const RpcMethod list_pcaps_ = Method(RpcShape::kUnary, CallAccess::kRead, "ListPcaps");
  const RpcMethod get_pcap_ = Method(RpcShape::kUnary, CallAccess::kRead, "GetPcap");
  const RpcMethod create_pcap_ = Method(RpcShape::kUnary, CallAccess::kWrite, "CreatePcap");
  const RpcMethod stop_pcap_ = Method(RpcShape::kUnary, CallAccess::kWrite, "StopPcap");
  const RpcMethod download_pcap_ =
      Method(RpcShape::kServerStream, CallAccess::kRead, "DownloadPcap");
  const RpcMethod watch_pcap_ = Method(RpcShape::kServerStream, CallAccess::kRead, "WatchPcap");
  const RpcMethod watch_pcaps_ = Method(RpcShape::kServerStream, CallAccess::kRead, "WatchPcaps");
};

}  // namespace pcaps
