// From HTTP to Status: the one place that judges answers of the upstream.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/pcaps_api/http_exchange.h"
#include "clients/pcaps_api/operation.h"

namespace pcaps {

// What an error may be made of.
struct UpstreamAnswer {
  Operation operation;
  const HttpHead& head;
  absl::string_view body;                   // Of errors and JSON answers; empty for a file.
  const std::vector<std::string>& secrets;  // Of the request: never to be seen in a message.
};

// The `result` of a good answer (null where it has none and needs none), or the error the answer
// is.
absl::StatusOr<boost::json::value> ResultOf(const UpstreamAnswer& answer);

// True where the answer is the file asked for, not an error or something else in its place.
bool IsFile(const HttpHead& head);

// INTERNAL UPSTREAM_BAD_RESPONSE. `what` completes "the upstream's answer makes no sense: ".
absl::Status BadResponse(const HttpHead& head, absl::string_view what);

// The error of an exchange that brought no whole answer. `text`: the transport's own words.
absl::Status TransportError(HttpFailure failure, absl::string_view text);

// The error of a POST or DELETE that may have happened: ABORTED, with the reason that fits.
// `cause`: what came instead of an answer.
absl::Status OutcomeUnknown(Operation operation, const absl::Status& cause);

}  // namespace pcaps
