// HeadReader: the head of an answer, line by line, and what of it must not be believed.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "clients/pcaps_api/http_head.h"

namespace pcaps {

// Heads of status 1xx are not the answer and are forgotten, but they count: an upstream can send
// them without end. So do trailers, which nobody needs.
class HeadReader {
 public:
  explicit HeadReader(size_t max_bytes) : max_bytes_(max_bytes) {}

  // `status` is that of the last status line. False where this cannot be the head of an answer to
  // us; fault() says why.
  bool Add(absl::string_view line, int status);

  bool complete() const { return complete_; }
  const HttpHead& head() const { return head_; }
  absl::string_view fault() const { return fault_; }

 private:
  bool Fail(absl::string_view fault);
  void AddHeader(absl::string_view line);
  bool End();

  const size_t max_bytes_;
  size_t bytes_ = 0;
  HttpHead head_;
  bool begun_ = false;  // The status line is there. What looks like another one is a header.
  bool complete_ = false;
  absl::string_view fault_;
};

}  // namespace pcaps
