// HttpHead: status line and headers of an answer, and how they are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

// Status line and headers.
struct HttpHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // Names in lower case; repeated ones joined by ", ".

  // The value of a header; empty where it has none.
  absl::string_view Header(absl::string_view name) const;
  // Bytes of the body, where the answer says it in advance.
  std::optional<int64_t> ContentLength() const;
  // When the answer was made, on its sender's clock, to the second; where it says so.
  std::optional<absl::Time> Date() const;
  // False when only the end of the connection ends the body, so that a broken one looks whole.
  bool HasFraming() const;
};

// Reads a head line by line, as libcurl hands them over: line ends and all, the heads of status 1xx
// before it, and the trailers after the body, which nobody needs.
class HttpHeadReader {
 public:
  // `max_bytes`: of all lines together.
  explicit HttpHeadReader(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The next line. `status`: of the latest status line. False where there are too many of them.
  bool Take(absl::string_view line, int status);

  // True once the head is whole.
  bool complete() const { return complete_; }
  const HttpHead& head() const { return head_; }

 private:
  const size_t max_bytes_;
  size_t bytes_ = 0;
  bool complete_ = false;
  HttpHead head_;
};

}  // namespace pcaps
