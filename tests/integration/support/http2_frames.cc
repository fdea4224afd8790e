#include "tests/integration/support/http2_frames.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pcaps::integration {
namespace {

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// HPACK: how a literal begins, by whether it is to be remembered.
constexpr char kForgotten = 0x00;
constexpr char kRemembered = 0x40;
constexpr uint8_t kIndexed = 0x80;
constexpr int kFirstRemembered = 62;
constexpr size_t kShort = 127;  // Lengths under it take one byte.

std::string Length(size_t length) {
  if (length < kShort) return BigEndian(length, 1);
  std::string text = BigEndian(kShort, 1);
  for (length -= kShort; length >= 128; length /= 128) {
    text += static_cast<char>(length % 128 | 128);
  }
  return text + static_cast<char>(length);
}

std::string Literal(char begin, const std::string& name, const std::string& value) {
  EXPECT_LT(name.size(), kShort);
  return absl::StrCat(std::string(1, begin), Length(name.size()), name, Length(value.size()),
                      value);
}

Http2Headers UsualHeaders(const std::string& method) {
  return {{":method", "POST"},       {":scheme", "http"}, {":path", method},
          {":authority", "gateway"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
}

}  // namespace

std::string BigEndian(uint64_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i) & 0xff);
  return text;
}

std::string Http2Frame::Encode() const {
  return absl::StrCat(BigEndian(payload.size(), 3), BigEndian(type, 1), BigEndian(flags, 1),
                      BigEndian(stream, 4), payload);
}

std::string Http2Preface(const std::string& settings) {
  return kPreface + Http2Frame{Http2Frame::kSettings, 0, 0, settings}.Encode();
}

std::string CallHeaders(const std::string& method, const Http2Headers& more) {
  std::string block;
  for (const auto& [name, value] : UsualHeaders(method)) block += Literal(kForgotten, name, value);
  for (const auto& [name, value] : more) block += Literal(kForgotten, name, value);
  return block;
}

std::string RememberedCallHeaders(const std::string& method) {
  std::string block;
  for (const auto& [name, value] : UsualHeaders(method)) block += Literal(kRemembered, name, value);
  return block;
}

std::string CallHeadersAgain() {
  std::string block;
  const int count = static_cast<int>(UsualHeaders("").size());
  for (int i = count - 1; i >= 0; --i) {
    block += static_cast<char>(kIndexed | (kFirstRemembered + i));
  }
  return block;
}

std::string GrpcMessage(const std::string& message, bool compressed) {
  return absl::StrCat(BigEndian(compressed ? 1 : 0, 1), BigEndian(message.size(), 4), message);
}

}  // namespace pcaps::integration
