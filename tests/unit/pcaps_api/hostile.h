// What an upstream may do to us, as a list: threat by threat what it does, and what a caller gets.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "tests/unit/pcaps_api/test_server.h"

namespace pcaps {

// What is asked of the upstream that answers so.
enum class Ask { kGet, kList, kCreate, kStop, kDownload, kListOwnerships, kValidate, kDelete };

struct Threat {
  std::string name;  // Of its test: what the upstream does.
  Ask ask;
  TestAnswer answer;            // ELSEWHERE in it is another server's URL.
  std::string reason;           // What the caller gets: OK, or the error's, or one of several.
  size_t max_read = 128 << 10;  // Bytes of one answer that are taken off the wire, about.
  int max_requests = 1;
};
inline void PrintTo(const Threat& threat, std::ostream* out) { *out << threat.name; }

constexpr char kOk[] = "OK";
constexpr char kNonsense[] = "UPSTREAM_BAD_RESPONSE";
constexpr char kUnavailable[] = "UPSTREAM_UNAVAILABLE";
// Where libcurl does not tell nonsense from a broken connection.
constexpr char kBroken[] = "UPSTREAM_UNAVAILABLE or UPSTREAM_BAD_RESPONSE";
constexpr size_t kMaxJson = 4 << 20;  // As much as may be read of JSON.

// An answer of 4 MiB without a length: `before`, as many of `filler` as fit, `after`.
TestAnswer Filled(int status, const std::string& before, const std::string& filler,
                  const std::string& after);

std::vector<Threat> HostileHeads();
std::vector<Threat> HostileFraming();
std::vector<Threat> HostileJson();
std::vector<Threat> HostileContents();

}  // namespace pcaps
