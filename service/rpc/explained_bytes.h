// What of the bytes that came a call accounts for; see FloodRule.
#pragma once

#include <grpcpp/server_context.h>

#include <cstdint>

namespace pcaps {

inline int64_t MetadataBytes(const grpc::ServerContextBase& context) {
  size_t bytes = 0;
  for (const auto& [key, value] : context.client_metadata()) {
    bytes += key.size() + value.size();
    if (key.ends_with("-bin")) bytes += value.size() / 3;  // It came as base64.
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace pcaps
