// The envelope around every JSON answer of the upstream.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pcaps {

// One entry of the envelope's `errors`.
struct UpstreamProblem {
  int64_t code = 0;  // 0 where it has none.
  std::string message;
  std::vector<int64_t> chain;  // Codes of its error_chain.
};

struct Envelope {
  bool success = false;
  std::vector<UpstreamProblem> errors;
  std::optional<boost::json::value>
      result;  // Unset: the key is missing. It can also be JSON's null.
};

// Nothing where `body` is not an envelope: not JSON, nested too deeply, not an object, or without a
// boolean `success`.
std::optional<Envelope> ParseEnvelope(absl::string_view body);

}  // namespace pcaps
