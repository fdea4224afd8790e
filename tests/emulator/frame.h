// Frames on the wire: Ethernet II around IPv4 or IPv6 around TCP, UDP, ICMP or a bare payload, with
// right lengths and checksums.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>

namespace pcaps::emulator {

constexpr size_t kEthernetHeaderBytes = 14;
constexpr size_t kMaxFrameBytes = 1514;  // Ethernet header and an MTU of 1500.

// What a frame is made from. Both addresses are of one IP version.
struct FrameSpec {
  boost::asio::ip::address source;
  boost::asio::ip::address destination;
  uint8_t protocol = 0;
  uint16_t source_port = 0;  // TCP and UDP.
  uint16_t destination_port = 0;
  uint32_t sequence =
      0;                // TCP: sequence number; ICMP: identifier and sequence; IP: identification.
  std::string payload;  // At most what fits kMaxFrameBytes.
};

// Bytes of Ethernet, IP and transport headers.
size_t HeaderBytes(bool v6, uint8_t protocol);

std::string MakeFrame(const FrameSpec& spec);

}  // namespace pcaps::emulator
