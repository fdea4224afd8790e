// ParsedFrame: reads an Ethernet frame back, sharing no code with what makes frames.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <cstring>
#include <string>

namespace pcaps::emulator {

struct ParsedFrame {
  boost::asio::ip::address source;
  boost::asio::ip::address destination;
  int protocol = -1;
  int source_port = -1;
  int destination_port = -1;
  size_t wire_bytes = 0;             // Length of the frame by its IP header.
  bool ip_checksum_ok = false;       // True for IPv6, which has none.
  bool segment_checksum_ok = false;  // Only meaningful for frames that are not cut.
};

inline int Word(const std::string& bytes, size_t at) {
  return static_cast<unsigned char>(bytes.at(at)) << 8 |
         static_cast<unsigned char>(bytes.at(at + 1));
}

// A correct checksum makes the ones' complement sum of everything it covers 0xFFFF.
inline bool SumsToAllOnes(const std::string& bytes) {
  const std::string even = bytes.size() % 2 == 0 ? bytes : bytes + '\0';
  uint32_t sum = 0;
  for (size_t i = 0; i < even.size(); i += 2) {
    sum += static_cast<uint32_t>(Word(even, i));
    if (sum > 0xFFFF) sum -= 0xFFFF;
  }
  return sum == 0xFFFF;
}

template <typename Address>
Address AddressAt(const std::string& bytes, size_t at) {
  typename Address::bytes_type raw;
  std::memcpy(raw.data(), bytes.substr(at, raw.size()).data(), raw.size());
  return Address(raw);
}

// Throws std::out_of_range where headers are missing.
inline ParsedFrame ParseFrame(const std::string& frame) {
  ParsedFrame parsed;
  const bool v6 = Word(frame, 12) == 0x86DD;
  const size_t header_end = v6 ? 54 : 34;
  std::string pseudo_header;
  if (v6) {
    parsed.protocol = static_cast<unsigned char>(frame.at(20));
    parsed.source = AddressAt<boost::asio::ip::address_v6>(frame, 22);
    parsed.destination = AddressAt<boost::asio::ip::address_v6>(frame, 38);
    parsed.wire_bytes = 54 + static_cast<size_t>(Word(frame, 18));
    parsed.ip_checksum_ok = true;
    pseudo_header = frame.substr(22, 32);
  } else {
    parsed.protocol = static_cast<unsigned char>(frame.at(23));
    parsed.source = AddressAt<boost::asio::ip::address_v4>(frame, 26);
    parsed.destination = AddressAt<boost::asio::ip::address_v4>(frame, 30);
    parsed.wire_bytes = 14 + static_cast<size_t>(Word(frame, 16));
    parsed.ip_checksum_ok = SumsToAllOnes(frame.substr(14, 20));
    if (parsed.protocol != 1) pseudo_header = frame.substr(26, 8);
  }
  const std::string segment = frame.substr(header_end);
  if (!pseudo_header.empty()) {
    pseudo_header += {'\0', static_cast<char>(parsed.protocol)};
    pseudo_header += {static_cast<char>(segment.size() >> 8), static_cast<char>(segment.size())};
  }
  parsed.segment_checksum_ok = SumsToAllOnes(pseudo_header + segment);
  if (parsed.protocol == 6 || parsed.protocol == 17) {
    parsed.source_port = Word(segment, 0);
    parsed.destination_port = Word(segment, 2);
  }
  return parsed;
}

}  // namespace pcaps::emulator
