// Faults: how the emulator misbehaves, set by tests while it runs.
//
// clang-format off
//   {"endpoint": "get_pcap" | ... | "*", "fault": <kind>, "probability": 0..1, "count": N, "account": id, <parameters>}
//
// kind             what happens                                                            parameters (default)
// latency          waits before the first byte; adds to any other fault                    latency_ms (1000)
// status           an error envelope; not executed                                         status (500), code, message,
//                                                                                          retry_after, error_chain
// html             a page of the edge instead of JSON; not executed                        status (502)
// redirect         302; not executed                                                       location
// success_false    200 with success:false; not executed                                    status (200), code, message
// empty            no body where there should be one                                       status (200)
// null_result      result is null
// bad_json         JSON that breaks off in the middle, length and all
// floats           every number in JSON is a float
// unknown_enum     status of a capture or ownership is a word nobody knows                 value ("transmogrified")
// wrong_id         result.id is another id
// odd_fields       as older replies: colo for colo_name, packets_remaining, unknown ones
// changed_content  a download is a valid file, but another one each time
// not_pcap         a download has the right length and type, but is no pcap file
// oversize         the body goes on with spaces                                            bytes (64 MiB)
// bad_length       Content-Length is less than the body, all of which is sent              bytes (half)
// no_length        the body ends with the connection: neither Content-Length nor chunked
// chunked          the body is chunked
// truncate         right head, fewer body bytes, orderly close                             bytes (half)
// garbage          bytes that are not HTTP, then close                                     bytes (512)
// slow_headers     the head trickles                                                       bytes_per_second (20)
// slow_body        the body trickles                                                       bytes_per_second (1024)
// close_after      a whole answer that promises keep-alive, then the connection is closed
// close_idle       the same, some time later; nothing sent meanwhile is read               latency_ms (1000)
// reset_before     RST after the request was read; not executed
// reset_during     RST after the head and part of the body                                 bytes (half)
// reset_after      executed, then RST instead of an answer
// clang-format on
//
// What is not marked is executed before the answer is distorted; "execute": true or false says
// otherwise. A fault that does not apply to an answer (floats on a download) leaves it alone. Of
// several faults that match, all latencies and the first other one fire.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/emulator/api_error.h"
#include "tests/emulator/random.h"
#include "tests/emulator/route.h"

namespace pcaps::emulator {

enum class FaultKind {
  kLatency,
  kStatus,
  kHtml,
  kRedirect,
  kSuccessFalse,
  kEmpty,
  kNullResult,
  kBadJson,
  kFloats,
  kUnknownEnum,
  kWrongId,
  kOddFields,
  kChangedContent,
  kNotPcap,
  kOversize,
  kBadLength,
  kNoLength,
  kChunked,
  kTruncate,
  kGarbage,
  kSlowHeaders,
  kSlowBody,
  kCloseAfter,
  kCloseIdle,
  kResetBefore,
  kResetDuring,
  kResetAfter,
};

struct Fault {
  FaultKind kind = FaultKind::kLatency;
  std::optional<Endpoint> endpoint;  // Empty: every one.
  std::string account;               // Empty: every one.
  double probability = 1;
  std::optional<int64_t> count;  // Times it may fire.
  bool execute = true;

  absl::Duration latency = absl::Seconds(1);
  std::optional<int64_t> status;
  std::optional<int64_t> code;
  std::optional<int64_t> retry_after;
  std::optional<int64_t> bytes;
  std::optional<int64_t> bytes_per_second;
  std::string message;
  std::string location = "http://127.0.0.1:1/elsewhere";
  std::string value = "transmogrified";
  std::optional<boost::json::array> error_chain;

  int64_t fired = 0;
  boost::json::object given;  // As it was set, to be shown.
};

// The name of every kind, as faults are set by it.
std::vector<std::string> FaultKindNames();

// One fault; `pointer` is where it stands in the body, for errors.
std::variant<Fault, ApiError> ParseFault(const boost::json::object& object,
                                         absl::string_view pointer);

// The faults that fire for one request.
struct Firing {
  absl::Duration latency;
  std::optional<Fault> fault;

  bool executes() const { return !fault.has_value() || fault->execute; }
};

class FaultSet {
 public:
  explicit FaultSet(uint64_t seed) : random_(seed) {}

  // Adds one fault, an array of them, or {"faults": [...]}; {"clear": true} in an object drops the
  // earlier ones first. All or nothing: the error names the first bad field.
  std::optional<ApiError> Add(const boost::json::value& body);
  void Clear() { faults_.clear(); }
  Firing Fire(Endpoint endpoint, const std::string& account_id);
  // Every fault as given, with "fired".
  boost::json::array ToJson() const;

 private:
  std::vector<Fault> faults_;
  Random random_;
};

}  // namespace pcaps::emulator
