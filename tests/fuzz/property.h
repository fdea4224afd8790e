// What a fuzzer proves beyond that nothing crashes.
#pragma once

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace pcaps {

// protobuf has a line to say of every text that is no UTF-8.
inline google::protobuf::LogHandler* const kProtobufLog = google::protobuf::SetLogHandler(nullptr);

// Where it does not hold, ends the fuzzer, which keeps the input. `seen` is what broke it.
inline void Require(bool holds, absl::string_view property, absl::string_view seen = "") {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\nseen: %s\n", std::string(property).c_str(),
               absl::CHexEscape(seen).c_str());
  std::abort();
}

// What protobuf sends to callers; anything else it refuses to read back.
inline bool IsUtf8(absl::string_view text) {
  google::protobuf::StringValue there;
  google::protobuf::StringValue back;
  there.set_value(std::string(text));
  return back.ParseFromString(there.SerializeAsString());
}

// UTF-8 that moves nobody's cursor and begins no line of its own.
inline bool IsOneLine(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (absl::ascii_iscntrl(c)) return false;
    // U+0080 to U+009F, which some terminals obey, too.
    const bool latin = c == 0xC2 && i + 1 < text.size();
    if (latin && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;
  }
  return IsUtf8(text);
}

// An id that may stand in a path as it is.
inline bool IsSafeInPath(absl::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-';
         });
}

}  // namespace pcaps
