// An HTTP answer as it is sent, head and body, so that inputs can be read by people.
#pragma once

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "clients/pcaps_api/head_reader.h"

namespace pcaps {

constexpr size_t kMaxHeadBytes = 64 << 10;

// The three digits of "HTTP/1.1 200 OK".
inline int StatusOfLine(absl::string_view line) {
  const size_t blank = line.find(' ');
  int status = 0;
  if (blank == absl::string_view::npos || !absl::SimpleAtoi(line.substr(blank + 1, 3), &status)) {
    return 0;
  }
  return status;
}

// Hands `reader` the lines of `answer`, as libcurl would, until the head is whole or one is
// refused. Returns what is left: the body.
inline absl::string_view ReadHead(HeadReader& reader, absl::string_view answer) {
  int status = 0;
  while (!answer.empty() && !reader.complete()) {
    const absl::string_view line = answer.substr(0, answer.find('\n')).size() == answer.size()
                                       ? answer
                                       : answer.substr(0, answer.find('\n') + 1);
    if (absl::StartsWith(line, "HTTP/")) status = StatusOfLine(line);
    answer.remove_prefix(line.size());
    if (!reader.Add(line, status)) break;
  }
  return answer;
}

}  // namespace pcaps
