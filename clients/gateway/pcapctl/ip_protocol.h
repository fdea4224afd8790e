// IP protocols by the names people call them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pcaps::pcapctl {

// "tcp" is 6; in lower case. Empty where the name is not known here.
std::optional<uint32_t> ProtocolNumber(absl::string_view name);
// "tcp" for 6; "protocol 200" where the number has no name here.
std::string ProtocolName(uint32_t protocol);
// All the names.
std::vector<std::string> ProtocolNames();

}  // namespace pcaps::pcapctl
