// FilterFields: what the words of an expression set, each field once and none against another.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/gateway/pcapctl/filter_tokens.h"

namespace pcaps::pcapctl {

enum class IpFamily { kIpv4, kIpv6 };

// Every setter is given the word that asks for it, which its error names. Setting a field to the
// value it has is no error.
class FilterFields {
 public:
  absl::Status SetSourceAddress(const FilterToken& word, const std::string& address,
                                IpFamily family);
  absl::Status SetDestinationAddress(const FilterToken& word, const std::string& address,
                                     IpFamily family);
  absl::Status SetSourcePort(const FilterToken& word, uint32_t port);
  absl::Status SetDestinationPort(const FilterToken& word, uint32_t port);
  absl::Status SetProtocol(const FilterToken& word, uint32_t protocol);
  // Of "ip" and "ip6", which must be implied by something else, and of "icmp" and its kin.
  absl::Status WantFamily(const FilterToken& word, IpFamily family);
  absl::Status ImplyFamily(const FilterToken& word, IpFamily family);

  // Errors: INVALID_ARGUMENT where the fields do not make a filter together.
  absl::StatusOr<v1::Filter> Finish() const;

 private:
  template <typename T>
  struct Field {
    std::optional<T> value;
    FilterToken word;  // That set it first.
  };

  template <typename T>
  static absl::Status Set(Field<T>& field, const FilterToken& word, const T& value,
                          absl::string_view name);
  absl::Status CheckFamily() const;
  absl::Status CheckPorts() const;

  Field<std::string> source_address_;
  Field<std::string> destination_address_;
  Field<uint32_t> source_port_;
  Field<uint32_t> destination_port_;
  Field<uint32_t> protocol_;
  Field<IpFamily> implied_family_;
  Field<IpFamily> wanted_family_;
};

}  // namespace pcaps::pcapctl
