#include "clients/gateway/pcapctl/filter_fields.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "clients/gateway/pcapctl/ip_protocol.h"

namespace pcaps::pcapctl {
namespace {

constexpr uint32_t kProtocolsWithPorts[] = {6, 17, 132};  // TCP, UDP, SCTP: those tcpdump takes.

absl::string_view NameOf(IpFamily family) { return family == IpFamily::kIpv4 ? "IPv4" : "IPv6"; }

std::string Shown(const std::string& address) { return address; }
std::string Shown(uint32_t number) { return absl::StrCat(number); }

}  // namespace

template <typename T>
absl::Status FilterFields::Set(Field<T>& field, const FilterToken& word, const T& value,
                               absl::string_view name) {
  if (!field.value.has_value()) {
    field = {value, word};
    return absl::OkStatus();
  }
  if (*field.value == value) return absl::OkStatus();
  return Refused(word,
                 absl::StrCat("the ", name, " is ", Shown(*field.value), " already (character ",
                              field.word.character, "), and no packet has two"));
}

absl::Status FilterFields::SetSourceAddress(const FilterToken& word, const std::string& address,
                                            IpFamily family) {
  const absl::Status set = Set(source_address_, word, address, "source address");
  return set.ok() ? ImplyFamily(word, family) : set;
}

absl::Status FilterFields::SetDestinationAddress(const FilterToken& word,
                                                 const std::string& address, IpFamily family) {
  const absl::Status set = Set(destination_address_, word, address, "destination address");
  return set.ok() ? ImplyFamily(word, family) : set;
}

absl::Status FilterFields::SetSourcePort(const FilterToken& word, uint32_t port) {
  return Set(source_port_, word, port, "source port");
}

absl::Status FilterFields::SetDestinationPort(const FilterToken& word, uint32_t port) {
  return Set(destination_port_, word, port, "destination port");
}

absl::Status FilterFields::SetProtocol(const FilterToken& word, uint32_t protocol) {
  return Set(protocol_, word, protocol, "protocol");
}

absl::Status FilterFields::WantFamily(const FilterToken& word, IpFamily family) {
  if (wanted_family_.value.value_or(family) != family) {
    return Refused(word, "no packet is both IPv4 and IPv6");
  }
  if (!wanted_family_.value.has_value()) wanted_family_ = {family, word};
  return absl::OkStatus();
}

absl::Status FilterFields::ImplyFamily(const FilterToken& word, IpFamily family) {
  const IpFamily implied = implied_family_.value.value_or(family);
  if (implied != family) {
    return Refused(word, absl::StrCat("is ", NameOf(family), ", and '", implied_family_.word.text,
                                      "' (character ", implied_family_.word.character, ") is ",
                                      NameOf(implied)));
  }
  if (!implied_family_.value.has_value()) implied_family_ = {family, word};
  return absl::OkStatus();
}

absl::Status FilterFields::CheckFamily() const {
  if (!wanted_family_.value.has_value()) return absl::OkStatus();
  const FilterToken& word = wanted_family_.word;
  if (!implied_family_.value.has_value()) {
    return Refused(word, "the API cannot filter by IP version; only an address says it");
  }
  if (*implied_family_.value == *wanted_family_.value) return absl::OkStatus();
  return Refused(
      word, absl::StrCat("'", implied_family_.word.text, "' (character ",
                         implied_family_.word.character, ") is ", NameOf(*implied_family_.value)));
}

absl::Status FilterFields::CheckPorts() const {
  const Field<uint32_t>& port = source_port_.value.has_value() ? source_port_ : destination_port_;
  if (!port.value.has_value() || !protocol_.value.has_value()) return absl::OkStatus();
  if (std::count(std::begin(kProtocolsWithPorts), std::end(kProtocolsWithPorts), *protocol_.value) >
      0) {
    return absl::OkStatus();
  }
  return Refused(port.word, absl::StrCat(ProtocolName(*protocol_.value), " (character ",
                                         protocol_.word.character, ") has no ports"));
}

absl::StatusOr<v1::Filter> FilterFields::Finish() const {
  for (const absl::Status& checked : {CheckFamily(), CheckPorts()}) {
    if (!checked.ok()) return checked;
  }
  v1::Filter filter;
  filter.set_source_address(source_address_.value.value_or(""));
  filter.set_destination_address(destination_address_.value.value_or(""));
  if (source_port_.value.has_value()) filter.set_source_port(*source_port_.value);
  if (destination_port_.value.has_value()) filter.set_destination_port(*destination_port_.value);
  if (protocol_.value.has_value()) filter.set_protocol(*protocol_.value);
  return filter;
}

}  // namespace pcaps::pcapctl
