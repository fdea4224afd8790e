// HTTP/2 by hand: frames and header blocks as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pcaps::integration {

struct Http2Frame {
  enum Type : uint8_t {
    kData = 0,
    kHeaders = 1,
    kPriority = 2,
    kReset = 3,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7,
    kWindowUpdate = 8,
    kContinuation = 9
  };
  static constexpr uint8_t kEndStream = 1;
  static constexpr uint8_t kAck = 1;
  static constexpr uint8_t kEndHeaders = 4;
  static constexpr size_t kHeaderBytes = 9;

  uint8_t type = kData;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;

  bool EndsStream() const { return type == kReset || (flags & kEndStream) != 0; }
  std::string Encode() const;
};

// What a client begins with: the preface, and settings as in SETTINGS' payload.
std::string Http2Preface(const std::string& settings = "");

// The low `bytes` of a number, the highest first.
std::string BigEndian(uint64_t number, int bytes);

using Http2Headers = std::vector<std::pair<std::string, std::string>>;

// A call's headers, each a literal that nobody is to remember. Names under 127 bytes.
std::string CallHeaders(const std::string& method, const Http2Headers& more = {});
// The same so that the receiver remembers them; and what then stands for all of them.
std::string RememberedCallHeaders(const std::string& method);
std::string CallHeadersAgain();

// A gRPC message on its way: flag, length, bytes.
std::string GrpcMessage(const std::string& message, bool compressed = false);

}  // namespace pcaps::integration
