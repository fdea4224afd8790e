#include "tests/integration/support/raw_http2.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pcaps::integration {
namespace {

using Frame = Http2Frame;

constexpr uint16_t kInitialWindowSize = 4;
constexpr uint32_t kCancel = 8;
constexpr size_t kMaxFrameBytes = 16 << 10;

uint32_t ToNumber(const std::string& bytes) {
  uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

}  // namespace

RawHttp2::RawHttp2(const std::string& address, uint32_t window, const WireOptions& options)
    : wire_(address, options) {
  const std::string settings = absl::StrCat(BigEndian(kInitialWindowSize, 2), BigEndian(window, 4));
  EXPECT_TRUE(wire_.Send(Http2Preface(settings)));
}

uint32_t RawHttp2::Call(const std::string& method, const google::protobuf::MessageLite& request,
                        const Http2Headers& headers) {
  return CallWith(method, GrpcMessage(request.SerializeAsString()), headers);
}

uint32_t RawHttp2::CallWith(const std::string& method, const std::string& data,
                            const Http2Headers& headers) {
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  Send({Frame::kHeaders, Frame::kEndHeaders, stream, CallHeaders(method, headers)});
  size_t begin = 0;
  for (; begin + kMaxFrameBytes < data.size(); begin += kMaxFrameBytes) {
    Send({Frame::kData, 0, stream, data.substr(begin, kMaxFrameBytes)});
  }
  Send({Frame::kData, Frame::kEndStream, stream, data.substr(begin)});
  return stream;
}

void RawHttp2::Widen(uint32_t stream, uint32_t bytes) {
  Send({Frame::kWindowUpdate, 0, stream, BigEndian(bytes, 4)});
}

void RawHttp2::Reset(uint32_t stream) { Send({Frame::kReset, 0, stream, BigEndian(kCancel, 4)}); }

std::optional<RawHttp2::Frame> RawHttp2::Read() {
  while (true) {
    std::string header;
    Frame frame;
    if (!wire_.Receive(Frame::kHeaderBytes, header)) return std::nullopt;
    frame.type = static_cast<uint8_t>(header[3]);
    frame.flags = static_cast<uint8_t>(header[4]);
    frame.stream = ToNumber(header.substr(5));
    if (!wire_.Receive(ToNumber(header.substr(0, 3)), frame.payload)) return std::nullopt;
    if (frame.type == Frame::kGoAway) return std::nullopt;
    const bool asks = (frame.flags & Frame::kAck) == 0;
    if (frame.type == Frame::kSettings && asks) Send({Frame::kSettings, Frame::kAck, 0, ""});
    if (frame.type == Frame::kPing && asks) Send({Frame::kPing, Frame::kAck, 0, frame.payload});
    if (frame.type == Frame::kData || frame.type == Frame::kHeaders ||
        frame.type == Frame::kReset) {
      return frame;
    }
  }
}

// That the gateway has closed the connection shows when it is read.
void RawHttp2::Send(const Frame& frame) { (void)wire_.Send(frame.Encode()); }

}  // namespace pcaps::integration
