// RpcMethod: one method that is served: its name, what it needs, and what is counted of it.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/rpc/caller_identity.h"
#include "service/rpc/rpc_metrics.h"

namespace pcaps {

struct RpcMethod {
  // `counting` is null where nothing is counted, and else outlives the method.
  RpcMethod(RpcMetrics* counting, RpcShape shape, CallAccess needs, absl::string_view service,
            absl::string_view method)
      : name(absl::StrCat("/", service, "/", method)),
        access(needs),
        metrics(counting == nullptr ? nullptr : &counting->Add(shape, service, method)) {}

  const std::string name;  // "/pcaps.v1.PcapsService/GetPcap"
  const CallAccess access;
  MethodMetrics* const metrics;
};

}  // namespace pcaps
