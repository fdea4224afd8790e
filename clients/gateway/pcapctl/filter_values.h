// The values in a filter expression: addresses, ports, protocols.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "clients/gateway/pcapctl/filter_fields.h"
#include "clients/gateway/pcapctl/filter_tokens.h"

namespace pcaps::pcapctl {

struct FilterAddress {
  std::string text;  // As everybody writes it.
  IpFamily family = IpFamily::kIpv4;
};

// Errors: INVALID_ARGUMENT, as Refused() has it. Numbers are decimal, without leading zeros, which
// tcpdump would read as octal.
absl::StatusOr<FilterAddress> AddressOf(const FilterToken& token);
// A number, or the name of a service.
absl::StatusOr<uint32_t> PortOf(const FilterToken& token);
// A number, or the name of a protocol; tcpdump wants those that are words of its own escaped: \tcp.
absl::StatusOr<uint32_t> ProtocolOf(const FilterToken& token);

}  // namespace pcaps::pcapctl
