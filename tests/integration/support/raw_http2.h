// RawHttp2: a gRPC caller made by hand, for what no gRPC client would do.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pcaps::integration {

// One connection. Fails the test where it cannot be had.
class RawHttp2 {
 public:
  enum Type : uint8_t {
    kData = 0,
    kHeaders = 1,
    kReset = 3,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7
  };
  static constexpr uint8_t kEndStream = 1;

  struct Frame {
    uint8_t type = kData;
    uint8_t flags = 0;
    uint32_t stream = 0;
    std::string payload;

    bool EndsStream() const { return type == kReset || (flags & kEndStream) != 0; }
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // To "host:port". Of each stream it takes `window` bytes of data before it has to Widen().
  RawHttp2(const std::string& address, uint32_t window);
  ~RawHttp2();
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;

  // Sends a request, whole, and returns its stream. Names and values: under 127 bytes.
  uint32_t Call(const std::string& method, const google::protobuf::MessageLite& request,
                const Headers& headers = {});
  void Widen(uint32_t stream, uint32_t bytes);
  void Reset(uint32_t stream);

  // The next frame of a stream; those of the connection are answered. nullopt where none comes for
  // ten seconds, or the connection has ended.
  std::optional<Frame> Read();

 private:
  void Send(const Frame& frame);
  void SendBytes(const std::string& bytes);
  bool ReadBytes(size_t count, std::string& bytes);

  int socket_ = -1;
  uint32_t next_stream_ = 1;
};

}  // namespace pcaps::integration
