// PacketFilter: which packets a capture holds, as filter_v1 says.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <variant>

#include "tests/emulator/api_error.h"

namespace pcaps::emulator {

// IP protocol numbers the emulator knows.
constexpr uint8_t kIcmp = 1;
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kIcmpV6 = 58;
// For experiments (RFC 3692): no network carries them, so a filter that asks for one matches
// nothing. The way to make a capture fail.
constexpr uint8_t kExperimental1 = 253;
constexpr uint8_t kExperimental2 = 254;

struct PacketFilter {
  std::optional<boost::asio::ip::address> source_address;
  std::optional<boost::asio::ip::address> destination_address;
  std::optional<uint16_t> source_port;
  std::optional<uint16_t> destination_port;
  std::optional<uint8_t> protocol;

  bool has_port() const { return source_port.has_value() || destination_port.has_value(); }
  // Whether addresses or protocol leave only one IP version.
  bool only_v4() const;
  bool only_v6() const;
  // False for the experimental protocols and for fields that contradict each other.
  bool CanMatch() const;
};

// filter_v1 of a create request.
std::variant<PacketFilter, ApiError> ParseFilter(const boost::json::value& value);
boost::json::object ToJson(const PacketFilter& filter);

}  // namespace pcaps::emulator
