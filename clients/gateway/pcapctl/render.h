// Captures and buckets as people and programs read them. Text from outside is cleaned: it may not
// move the reader's cursor.
#pragma once

#include <google/protobuf/message.h>
#include <pcaps/v1/ownership.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps::pcapctl {

// "conversion pending"; where the status is unknown, the upstream's own word.
std::string StatusText(const v1::Pcap& pcap);
// "tcp, from 192.0.2.1 port 53"; "all packets".
std::string FilterText(const v1::Filter& filter);

// One line per capture, with a heading.
std::string PcapTable(const std::vector<v1::Pcap>& pcaps);
// One line per thing known of the capture.
std::string PcapDetails(const v1::Pcap& pcap);

// "pending"; "unknown" where the upstream said nothing known.
std::string OwnershipStatusText(const v1::Ownership& ownership);
std::string OwnershipTable(const std::vector<v1::Ownership>& ownerships);
std::string OwnershipDetails(const v1::Ownership& ownership);

// Protobuf's JSON on one line, with its line end.
std::string ToJsonLine(const google::protobuf::Message& message);

std::string ToHex(absl::string_view bytes);

}  // namespace pcaps::pcapctl
