// The upstream's JSON to the contract's messages and back; nobody else knows the upstream's field
// names. Liberal in what it takes: nulls, missing and unknown fields, 300.0 for 300, unknown enum
// strings. A field that makes no sense (a wrong type, a number out of range) is left out, and so is
// an element without an id from a list, or with one that was there before: one odd field must not
// hide a capture, nor one odd capture the other 49. What was left out is told in `oddities`. Errors
// are INVALID_ARGUMENT: what has no id, what is no list, and a list none of whose elements can be
// decoded.
#pragma once

#include <pcaps/v1/ownership.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

// What an answer does not say of the captures in it.
struct AnswerContext {
  std::string account_id;
  absl::Time time;  // When the call began.
};

// What was left out, fit for a log: "3f2a..: 'time_limit' is not a whole number in its range".
// Never holds the upstream's values, but for ids. At most 100.
using Oddities = std::vector<std::string>;

absl::StatusOr<v1::Pcap> PcapFromJson(const boost::json::value& json, const AnswerContext& context,
                                      Oddities& oddities);
absl::StatusOr<std::vector<v1::Pcap>> PcapsFromJson(const boost::json::value& json,
                                                    const AnswerContext& context,
                                                    Oddities& oddities);
absl::StatusOr<v1::Ownership> OwnershipFromJson(const boost::json::value& json, Oddities& oddities);
absl::StatusOr<std::vector<v1::Ownership>> OwnershipsFromJson(const boost::json::value& json,
                                                              Oddities& oddities);

// Bodies of requests. The request is valid: its ranges were checked at the border.
std::string ToJson(const v1::CreatePcapRequest& request);
std::string ToJson(const v1::CreateOwnershipRequest& request);
std::string ToJson(const v1::ValidateOwnershipRequest& request);

}  // namespace pcaps
