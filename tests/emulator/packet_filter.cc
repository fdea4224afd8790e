#include "tests/emulator/packet_filter.h"

#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/emulator/json_fields.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;
using boost::asio::ip::address;

constexpr int64_t kMaxPort = 65535;
constexpr int64_t kMaxProtocol = 255;

std::optional<ApiError> ReadAddress(const json::object& object, const char* name,
                                    std::optional<address>& out) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  const std::string pointer = absl::StrCat("/filter_v1/", name);
  if (!value->is_string()) return BadField(pointer, "must be a string");
  if (value->get_string().empty()) return std::nullopt;
  boost::system::error_code error;
  const address parsed = boost::asio::ip::make_address(std::string(value->get_string()), error);
  if (error) return BadField(pointer, "must be an IPv4 or IPv6 address");
  out = parsed;
  return std::nullopt;
}

template <typename Number>
std::optional<ApiError> ReadNumber(const json::object& object, const char* name, int64_t max,
                                   std::optional<Number>& out) {
  std::optional<int64_t> number;
  if (const auto error = ReadInteger(object, name, absl::StrCat("/filter_v1/", name),
                                     {.min = 0, .max = max}, number)) {
    return error;
  }
  if (number.has_value()) out = static_cast<Number>(*number);
  return std::nullopt;
}

}  // namespace

bool PacketFilter::only_v4() const {
  return (source_address && source_address->is_v4()) ||
         (destination_address && destination_address->is_v4()) || protocol == kIcmp;
}

bool PacketFilter::only_v6() const {
  return (source_address && source_address->is_v6()) ||
         (destination_address && destination_address->is_v6()) || protocol == kIcmpV6;
}

bool PacketFilter::CanMatch() const {
  if (protocol == kExperimental1 || protocol == kExperimental2) return false;
  if (only_v4() && only_v6()) return false;
  return !has_port() || !protocol.has_value() || protocol == kTcp || protocol == kUdp;
}

std::variant<PacketFilter, ApiError> ParseFilter(const json::value& value) {
  if (!value.is_object()) return BadField("/filter_v1", "must be an object");
  const json::object& object = value.get_object();
  PacketFilter filter;
  std::optional<ApiError> error = ReadAddress(object, "source_address", filter.source_address);
  if (!error) error = ReadAddress(object, "destination_address", filter.destination_address);
  if (!error) error = ReadNumber(object, "source_port", kMaxPort, filter.source_port);
  if (!error) error = ReadNumber(object, "destination_port", kMaxPort, filter.destination_port);
  if (!error) error = ReadNumber(object, "protocol", kMaxProtocol, filter.protocol);
  if (error) return *error;
  return filter;
}

json::object ToJson(const PacketFilter& filter) {
  json::object object;
  if (filter.source_address) object["source_address"] = filter.source_address->to_string();
  if (filter.destination_address) {
    object["destination_address"] = filter.destination_address->to_string();
  }
  if (filter.source_port) object["source_port"] = *filter.source_port;
  if (filter.destination_port) object["destination_port"] = *filter.destination_port;
  if (filter.protocol) object["protocol"] = *filter.protocol;
  return object;
}

}  // namespace pcaps::emulator
