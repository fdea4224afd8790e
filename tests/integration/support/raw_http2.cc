#include "tests/integration/support/raw_http2.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pcaps::integration {
namespace {

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr uint8_t kWindowUpdate = 8;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kAck = 1;
constexpr uint16_t kInitialWindowSize = 4;
constexpr uint32_t kCancel = 8;
constexpr size_t kFrameHeaderBytes = 9;
constexpr time_t kPatienceSeconds = 10;

// The low `bytes` of a number, the highest first.
std::string BigEndian(uint64_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i) & 0xff);
  return text;
}

uint32_t ToNumber(const std::string& bytes) {
  uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

// HPACK: a literal with a name of its own, that nobody is to remember.
std::string Literal(const std::string& name, const std::string& value) {
  EXPECT_LT(name.size(), 127u);
  EXPECT_LT(value.size(), 127u);
  return absl::StrCat(std::string(1, '\0'), BigEndian(name.size(), 1), name,
                      BigEndian(value.size(), 1), value);
}

}  // namespace

RawHttp2::RawHttp2(const std::string& address, uint32_t window) {
  const std::pair<std::string, std::string> host_port = absl::StrSplit(address, ':');
  uint32_t port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(host_port.second, &port)) << address;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  EXPECT_EQ(inet_pton(AF_INET, host_port.first.c_str(), &to.sin_addr), 1) << address;
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0) << address;
  const timeval patience{kPatienceSeconds, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  SendBytes(kPreface);
  Send({kSettings, 0, 0, absl::StrCat(BigEndian(kInitialWindowSize, 2), BigEndian(window, 4))});
}

RawHttp2::~RawHttp2() { close(socket_); }

uint32_t RawHttp2::Call(const std::string& method, const google::protobuf::MessageLite& request,
                        const Headers& headers) {
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  std::string block =
      absl::StrCat(Literal(":method", "POST"), Literal(":scheme", "http"), Literal(":path", method),
                   Literal(":authority", "gateway"), Literal("te", "trailers"),
                   Literal("content-type", "application/grpc"));
  for (const auto& [name, value] : headers) block += Literal(name, value);
  Send({kHeaders, kEndHeaders, stream, block});
  const std::string message = request.SerializeAsString();
  Send({kData, kEndStream, stream,
        absl::StrCat(BigEndian(0, 1), BigEndian(message.size(), 4), message)});
  return stream;
}

void RawHttp2::Widen(uint32_t stream, uint32_t bytes) {
  Send({kWindowUpdate, 0, stream, BigEndian(bytes, 4)});
}

void RawHttp2::Reset(uint32_t stream) { Send({kReset, 0, stream, BigEndian(kCancel, 4)}); }

std::optional<RawHttp2::Frame> RawHttp2::Read() {
  while (true) {
    std::string header;
    Frame frame;
    if (!ReadBytes(kFrameHeaderBytes, header)) return std::nullopt;
    frame.type = static_cast<uint8_t>(header[3]);
    frame.flags = static_cast<uint8_t>(header[4]);
    frame.stream = ToNumber(header.substr(5));
    if (!ReadBytes(ToNumber(header.substr(0, 3)), frame.payload)) return std::nullopt;
    if (frame.type == kGoAway) return std::nullopt;
    const bool asks = (frame.flags & kAck) == 0;
    if (frame.type == kSettings && asks) Send({kSettings, kAck, 0, ""});
    if (frame.type == kPing && asks) Send({kPing, kAck, 0, frame.payload});
    if (frame.type == kData || frame.type == kHeaders || frame.type == kReset) return frame;
  }
}

void RawHttp2::Send(const Frame& frame) {
  SendBytes(absl::StrCat(BigEndian(frame.payload.size(), 3), BigEndian(frame.type, 1),
                         BigEndian(frame.flags, 1), BigEndian(frame.stream, 4), frame.payload));
}

void RawHttp2::SendBytes(const std::string& bytes) {
  EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

bool RawHttp2::ReadBytes(size_t count, std::string& bytes) {
  bytes.resize(count);
  return count == 0 ||
         recv(socket_, bytes.data(), count, MSG_WAITALL) == static_cast<ssize_t>(count);
}

}  // namespace pcaps::integration
