#include "tests/emulator/packets.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/emulator/random.h"

namespace pcaps::emulator {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

constexpr std::array<uint32_t, 3> kDocumentationBlocks = {0xC0000200, 0xC6336400, 0xCB007100};
constexpr std::array<uint16_t, 4> kServicePorts = {80, 443, 8080, 8443};
constexpr uint64_t kFirstEphemeralPort = 32768;
constexpr uint64_t kLastPort = 65535;
constexpr size_t kSmallPayloadBytes = 64;

address RandomAddress(bool v6, Random& random) {
  if (!v6) {
    const uint32_t block = kDocumentationBlocks[random.Below(kDocumentationBlocks.size())];
    return address_v4(block | static_cast<uint32_t>(1 + random.Below(254)));
  }
  address_v6::bytes_type bytes = {0x20, 0x01, 0x0D, 0xB8};
  bytes[7] = static_cast<uint8_t>(random.Below(256));
  bytes[14] = static_cast<uint8_t>(random.Below(256));
  bytes[15] = static_cast<uint8_t>(1 + random.Below(255));
  return address_v6(bytes);
}

uint8_t RandomProtocol(const PacketFilter& filter, bool v6, Random& random) {
  const uint64_t percent = random.Below(100);
  if (filter.has_port()) return percent < 60 ? kTcp : kUdp;
  if (percent < 60) return kTcp;
  if (percent < 90) return kUdp;
  return v6 ? kIcmpV6 : kIcmp;
}

bool RandomVersionIs6(const PacketFilter& filter, Random& random) {
  const bool one_in_four = random.Below(4) == 0;
  if (filter.only_v4()) return false;
  return filter.only_v6() || one_in_four;
}

std::string RandomPayload(size_t bytes, Random& random) {
  std::string payload(bytes, '\0');
  for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
    const uint64_t word = random.Next();
    std::memcpy(payload.data() + i, &word, std::min(sizeof word, bytes - i));
  }
  return payload;
}

}  // namespace

struct Packets::Draft {
  FrameSpec spec;
  size_t payload_bytes;
  Random random;  // Goes on with the payload.
};

Packets::Draft Packets::MakeDraft(uint64_t index) const {
  Random random(Random(seed_ ^ Random(index).Next()).Next());
  FrameSpec spec;
  const bool v6 = RandomVersionIs6(filter_, random);
  spec.protocol = RandomProtocol(filter_, v6, random);
  if (filter_.protocol) spec.protocol = *filter_.protocol;
  spec.source = filter_.source_address.value_or(RandomAddress(v6, random));
  spec.destination = filter_.destination_address.value_or(RandomAddress(v6, random));
  const uint64_t ephemeral = kFirstEphemeralPort + random.Below(kLastPort - kFirstEphemeralPort);
  spec.source_port = filter_.source_port.value_or(static_cast<uint16_t>(ephemeral));
  spec.destination_port =
      filter_.destination_port.value_or(kServicePorts[random.Below(kServicePorts.size())]);
  spec.sequence = static_cast<uint32_t>(random.Next());

  // Half of the traffic is small, as in life; so files hold cut and whole packets.
  const size_t room = kMaxFrameBytes - HeaderBytes(v6, spec.protocol);
  const bool small = random.Below(2) == 0;
  size_t payload_bytes = random.Below(small ? kSmallPayloadBytes : room + 1);
  if (frame_bytes_ != 0) payload_bytes = frame_bytes_ - HeaderBytes(v6, spec.protocol);
  return {std::move(spec), payload_bytes, random};
}

std::string Packets::Frame(uint64_t index) const {
  Draft draft = MakeDraft(index);
  draft.spec.payload = RandomPayload(draft.payload_bytes, draft.random);
  return MakeFrame(draft.spec);
}

size_t Packets::FrameBytes(uint64_t index) const {
  if (frame_bytes_ != 0) return frame_bytes_;
  const Draft draft = MakeDraft(index);
  return HeaderBytes(draft.spec.source.is_v6(), draft.spec.protocol) + draft.payload_bytes;
}

}  // namespace pcaps::emulator
