// Filters in tcpdump's words.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps::pcapctl {

// "src 192.0.2.1 and tcp dst port 443" as the Filter that matches the same packets, where the API
// has one: a conjunction of addresses, ports and a protocol. The grammar is pcap-filter(7)'s, with
// its lower-case words, its parentheses, and its rule that a value without words before it takes
// those of the value before. The empty expression matches all packets. Beyond tcpdump, every
// protocol name of ip_protocol.h is a word, and "proto tcp" needs no backslash; a service name
// stands for its number alone. No name of a host is ever looked up.
//
// Errors: INVALID_ARGUMENT that names the word, its place, why the API cannot express it, and the
// way out where there is one.
absl::StatusOr<v1::Filter> FilterFromWords(absl::string_view expression);

}  // namespace pcaps::pcapctl
