// RawHttp2: a gRPC caller made by hand, for what no gRPC client would do.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <optional>
#include <string>

#include "tests/integration/support/http2_frames.h"
#include "tests/integration/support/wire.h"

namespace pcaps::integration {

// One connection. Fails the test where it cannot be had.
class RawHttp2 {
 public:
  using Frame = Http2Frame;

  // To "host:port". Of each stream it takes `window` bytes of data before it has to Widen().
  RawHttp2(const std::string& address, uint32_t window, const WireOptions& options = {});

  // Sends a request, whole, and returns its stream.
  uint32_t Call(const std::string& method, const google::protobuf::MessageLite& request,
                const Http2Headers& headers = {});
  // The same with the bytes that follow the headers, which need not be a message.
  uint32_t CallWith(const std::string& method, const std::string& data,
                    const Http2Headers& headers = {});
  void Widen(uint32_t stream, uint32_t bytes);
  void Reset(uint32_t stream);

  // The next frame of a stream; those of the connection are answered. nullopt where none comes for
  // ten seconds, or the connection has ended.
  std::optional<Frame> Read();

  Wire& wire() { return wire_; }

 private:
  void Send(const Frame& frame);

  Wire wire_;
  uint32_t next_stream_ = 1;
};

}  // namespace pcaps::integration
