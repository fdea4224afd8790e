#include "clients/pcaps_api/head_reader.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

constexpr int kSwitchingProtocols = 101;

}  // namespace

bool HeadReader::Add(absl::string_view line, int status) {
  bytes_ += line.size();
  if (bytes_ > max_bytes_) return Fail("the headers of the answer are too long");
  if (complete_) return true;
  if (!begun_) {
    begun_ = true;
    head_ = HttpHead{status, {}};
    return absl::StartsWith(line, "HTTP/1.") || Fail("the answer is of another protocol");
  }
  // To libcurl this is the end, whatever the rest of the line says.
  const bool ends = absl::StartsWith(line, "\r") || absl::StartsWith(line, "\n");
  line = absl::StripAsciiWhitespace(line);
  if (ends && !line.empty()) return Fail("the headers of the answer end within a line");
  if (ends) return End();
  AddHeader(line);
  return true;
}

void HeadReader::AddHeader(absl::string_view line) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return;
  const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(line.substr(0, colon)));
  const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
  const auto [place, is_new] = head_.headers.try_emplace(name, std::string(value));
  if (!is_new && place->second != value) absl::StrAppend(&place->second, ", ", value);
}

// libcurl takes the last of two lengths, none for one it cannot hold, and undoes codings of the
// transfer that nobody asked for: a few KiB of those are as many MiB.
bool HeadReader::End() {
  if (head_.status == kSwitchingProtocols) return Fail("the answer changes the protocol");
  if (head_.status < 200) {
    begun_ = false;
    return true;
  }
  const absl::string_view coding = head_.Header("transfer-encoding");
  if (!coding.empty() && !absl::EqualsIgnoreCase(coding, "chunked")) {
    return Fail("the answer is coded in a way nobody asked for");
  }
  const bool has_length = head_.headers.contains("content-length");
  if (has_length && (!coding.empty() || !head_.ContentLength().has_value())) {
    return Fail("the answer does not say how long it is");
  }
  complete_ = true;
  return true;
}

bool HeadReader::Fail(absl::string_view fault) {
  fault_ = fault;
  return false;
}

}  // namespace pcaps
