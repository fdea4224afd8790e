#include "tests/emulator/frame.h"

#include "absl/strings/string_view.h"
#include "tests/emulator/checksum.h"
#include "tests/emulator/packet_filter.h"

namespace pcaps::emulator {
namespace {

constexpr size_t kIpV4HeaderBytes = 20;
constexpr size_t kIpV6HeaderBytes = 40;
constexpr size_t kTcpHeaderBytes = 20;
constexpr size_t kUdpHeaderBytes = 8;
constexpr size_t kIcmpHeaderBytes = 8;
constexpr uint8_t kTtl = 64;

// Locally administered, so nobody's.
constexpr absl::string_view kDestinationMac("\x02\x00\x00\x00\x00\x02", 6);
constexpr absl::string_view kSourceMac("\x02\x00\x00\x00\x00\x01", 6);

void Put8(std::string& out, uint8_t value) { out.push_back(static_cast<char>(value)); }
void Put16(std::string& out, size_t value) {
  Put8(out, static_cast<uint8_t>(value >> 8));
  Put8(out, static_cast<uint8_t>(value));
}
void Put32(std::string& out, uint32_t value) {
  Put16(out, value >> 16);
  Put16(out, value & 0xFFFF);
}
void Patch16(std::string& out, size_t at, uint16_t value) {
  out[at] = static_cast<char>(value >> 8);
  out[at + 1] = static_cast<char>(value);
}
void PutAddress(std::string& out, const boost::asio::ip::address& address) {
  if (address.is_v4()) {
    for (const uint8_t byte : address.to_v4().to_bytes()) Put8(out, byte);
  } else {
    for (const uint8_t byte : address.to_v6().to_bytes()) Put8(out, byte);
  }
}

size_t TransportHeaderBytes(uint8_t protocol) {
  switch (protocol) {
    case kTcp:
      return kTcpHeaderBytes;
    case kUdp:
      return kUdpHeaderBytes;
    case kIcmp:
    case kIcmpV6:
      return kIcmpHeaderBytes;
    default:
      return 0;
  }
}

// The segment with its checksum field zero; the field's place is `checksum_at`, npos where the
// protocol has none.
std::string MakeSegment(const FrameSpec& spec, size_t& checksum_at) {
  std::string segment;
  segment.reserve(kMaxFrameBytes);
  checksum_at = std::string::npos;
  switch (spec.protocol) {
    case kTcp:
      Put16(segment, spec.source_port);
      Put16(segment, spec.destination_port);
      Put32(segment, spec.sequence);
      Put32(segment, 1);       // Acknowledgement number.
      Put16(segment, 0x5018);  // Five words of header; PSH, ACK.
      Put16(segment, 0xFFFF);  // Window.
      checksum_at = segment.size();
      Put32(segment, 0);  // Checksum, urgent pointer.
      break;
    case kUdp:
      Put16(segment, spec.source_port);
      Put16(segment, spec.destination_port);
      Put16(segment, kUdpHeaderBytes + spec.payload.size());
      checksum_at = segment.size();
      Put16(segment, 0);
      break;
    case kIcmp:
    case kIcmpV6:
      Put16(segment, spec.protocol == kIcmp ? 0x0800 : 0x8000);  // Echo request.
      checksum_at = segment.size();
      Put16(segment, 0);
      Put32(segment, spec.sequence);
      break;
    default:
      break;
  }
  return segment += spec.payload;
}

uint16_t SegmentChecksum(const FrameSpec& spec, const std::string& segment) {
  std::string pseudo_header;
  if (spec.protocol != kIcmp) {
    PutAddress(pseudo_header, spec.source);
    PutAddress(pseudo_header, spec.destination);
    Put32(pseudo_header, static_cast<uint32_t>(segment.size()));
    Put32(pseudo_header, spec.protocol);
  }
  const uint16_t checksum = Finish(AddWords(AddWords(0, pseudo_header), segment));
  // Zero means "no checksum" in UDP.
  return spec.protocol == kUdp && checksum == 0 ? 0xFFFF : checksum;
}

std::string IpV4Header(const FrameSpec& spec, size_t segment_bytes) {
  std::string header;
  Put16(header, 0x4500);
  Put16(header, kIpV4HeaderBytes + segment_bytes);
  Put16(header, spec.sequence & 0xFFFF);
  Put16(header, 0x4000);  // Don't fragment.
  Put8(header, kTtl);
  Put8(header, spec.protocol);
  const size_t checksum_at = header.size();
  Put16(header, 0);
  PutAddress(header, spec.source);
  PutAddress(header, spec.destination);
  Patch16(header, checksum_at, Finish(AddWords(0, header)));
  return header;
}

std::string IpV6Header(const FrameSpec& spec, size_t segment_bytes) {
  std::string header;
  Put32(header, 0x60000000);
  Put16(header, segment_bytes);
  Put8(header, spec.protocol);
  Put8(header, kTtl);
  PutAddress(header, spec.source);
  PutAddress(header, spec.destination);
  return header;
}

}  // namespace

size_t HeaderBytes(bool v6, uint8_t protocol) {
  return kEthernetHeaderBytes + (v6 ? kIpV6HeaderBytes : kIpV4HeaderBytes) +
         TransportHeaderBytes(protocol);
}

std::string MakeFrame(const FrameSpec& spec) {
  size_t checksum_at = 0;
  std::string segment = MakeSegment(spec, checksum_at);
  if (checksum_at != std::string::npos) {
    Patch16(segment, checksum_at, SegmentChecksum(spec, segment));
  }
  const bool v6 = spec.source.is_v6();
  std::string frame(kDestinationMac);
  frame.reserve(kMaxFrameBytes);
  frame.append(kSourceMac.data(), kSourceMac.size());
  Put16(frame, v6 ? 0x86DD : 0x0800);
  frame += v6 ? IpV6Header(spec, segment.size()) : IpV4Header(spec, segment.size());
  return frame += segment;
}

}  // namespace pcaps::emulator
