// What single words of tcpdump's filter language mean here.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pcaps::pcapctl {

// Why the API cannot do what this word or operator of tcpdump asks for, and the way out where there
// is one. Empty for every other word.
absl::string_view WhyInexpressible(absl::string_view word);

// A word of tcpdump's grammar, one that can be expressed or not: never an address or a name.
bool IsKeyword(absl::string_view word);

// 443 for "https". Stands for its number alone: it narrows no protocol. /etc/services is missing
// from small containers.
std::optional<uint32_t> ServicePort(absl::string_view name);

}  // namespace pcaps::pcapctl
