#include "tests/integration/faults_table.h"

#include <algorithm>

namespace pcaps::integration {
namespace {

namespace json = boost::json;

const Verdict kOk;
const Verdict kUnavailable = {absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE"};
const Verdict kBadResponse = {absl::StatusCode::kInternal, "UPSTREAM_BAD_RESPONSE"};
const Verdict kRejected = {absl::StatusCode::kInvalidArgument, "UPSTREAM_REJECTED"};
const Verdict kUnknown = {absl::StatusCode::kAborted, "CREATE_OUTCOME_UNKNOWN"};
const Verdict kUnknownBucket = {absl::StatusCode::kAborted, "OWNERSHIP_OUTCOME_UNKNOWN"};

// What a fault is for a caller.
const Verdicts kUnseen = {kOk, kOk};
const Verdicts kRepeated = {kOk, kUnavailable};  // Once: repeated, or waited for, unseen.
const Verdicts kNonsense = {kBadResponse, kBadResponse};
const Verdicts kFetchedAgain = {kOk, kBadResponse};  // Once: whole for HTTP, but no capture.
const Verdicts kRefused = {kRejected, kRejected};
const Verdicts kInDoubt = {kUnknown, kUnknown};  // Looked for, and not there.
const Verdicts kTooLate = {kOk, kUnknown};       // Once: in time. Else no time to look.
const Verdicts kNotFound = {kUnknownBucket, kUnknownBucket};  // Looked for, and not there.
const Verdicts kNoTime = {kOk, kUnknownBucket};               // Once: in time, or repeated.

std::vector<FaultRow> MakeTable() {
  const json::object kPlain;
  const json::object kSoon = {{"latency_ms", 50}};
  const json::object kNever = {{"latency_ms", 60'000}};
  const json::object kHuge = {{"bytes", 9 << 20}};  // JSON may have 4 MiB, a whole file 8.
  const json::object kBrisk = {{"bytes_per_second", 5000}};
  const json::object kTrickle = {{"bytes_per_second", 20}};
  const json::object kShort = {{"bytes", 30}};  // A file's head, and a part of a record.
  const json::object kIdle = {{"latency_ms", 100}};
  // clang-format off
  return {
      // fault            once    stays     item       list       post       looked for empty      deleted    file
      {"latency",         kSoon,  kNever,  kRepeated, kRepeated, kTooLate,  kNoTime,   kRepeated, kNoTime,   kRepeated},
      {"status",          kPlain, kPlain,  kRepeated, kRepeated, kInDoubt,  kNotFound, kRepeated, kNoTime,   kRepeated},
      {"html",            kPlain, kPlain,  kRepeated, kRepeated, kInDoubt,  kNotFound, kRepeated, kNoTime,   kRepeated},
      {"redirect",        kPlain, kPlain,  kNonsense, kNonsense, kNonsense, kNonsense, kNonsense, kNonsense, kNonsense},
      {"success_false",   kPlain, kPlain,  kRefused,  kRefused,  kRefused,  kRefused,  kRefused,  kRefused,  kRefused},
      {"empty",           kPlain, kPlain,  kNonsense, kNonsense, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kNonsense},
      {"null_result",     kPlain, kPlain,  kNonsense, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"bad_json",        kPlain, kPlain,  kNonsense, kNonsense, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"floats",          kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"unknown_enum",    kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"wrong_id",        kPlain, kPlain,  kNonsense, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"odd_fields",      kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"changed_content", kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"not_pcap",        kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kFetchedAgain},
      {"oversize",        kHuge,  kHuge,   kNonsense, kNonsense, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kNonsense},
      {"bad_length",      kShort, kShort,  kNonsense, kNonsense, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kFetchedAgain},
      {"no_length",       kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kNonsense},
      {"chunked",         kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"truncate",        kPlain, kPlain,  kRepeated, kRepeated, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kRepeated},
      {"garbage",         kPlain, kPlain,  kNonsense, kNonsense, kUnseen,   kUnseen,   kNonsense, kNotFound, kNonsense},
      {"slow_headers",    kBrisk, kTrickle,kRepeated, kRepeated, kTooLate,  kNoTime,   kRepeated, kNoTime,   kRepeated},
      {"slow_body",       kBrisk, kTrickle,kRepeated, kRepeated, kTooLate,  kNoTime,   kUnseen,   kUnseen,   kRepeated},
      {"close_after",     kPlain, kPlain,  kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"close_idle",      kIdle,  kIdle,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen,   kUnseen},
      {"reset_before",    kPlain, kPlain,  kRepeated, kRepeated, kInDoubt,  kNotFound, kRepeated, kNoTime,   kRepeated},
      {"reset_during",    kPlain, kPlain,  kRepeated, kRepeated, kUnseen,   kUnseen,   kUnseen,   kUnseen,   kRepeated},
      {"reset_after",     kPlain, kPlain,  kRepeated, kRepeated, kUnseen,   kUnseen,   kRepeated, kNoTime,   kRepeated},
  };
  // clang-format on
}

}  // namespace

const std::vector<FaultRow>& FaultTable() {
  static const std::vector<FaultRow> kTable = MakeTable();
  return kTable;
}

const FaultRow* FindFaultRow(const std::string& fault) {
  const auto& table = FaultTable();
  const auto row = std::find_if(table.begin(), table.end(),
                                [&](const auto& each) { return each.fault == fault; });
  return row == table.end() ? nullptr : &*row;
}

const Verdicts& FaultRow::Of(EndpointKind kind) const {
  switch (kind) {
    case EndpointKind::kItem:
      return item;
    case EndpointKind::kList:
      return list;
    case EndpointKind::kPost:
      return post;
    case EndpointKind::kLookedFor:
      return looked_for;
    case EndpointKind::kEmpty:
      return empty;
    case EndpointKind::kDelete:
      return deleted;
    case EndpointKind::kFile:
      break;
  }
  return file;
}

}  // namespace pcaps::integration
