// Bucket URIs, and texts that repeat them: a key that was planted never shows. Input: four lines,
// put together to a URI and a text around it (see Feed).
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/base/error.h"
#include "clients/pcaps_api/destination.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

// Letters and digits: what is taken out of a text always leaves others between its pieces, so that
// no text without the key can become one with it.
constexpr absl::string_view kPlanted = "Planted0Key";

void RequireHidden(absl::string_view shown, absl::string_view property) {
  Require(!absl::StrContains(shown, kPlanted), property, shown);
}

// What goes into a message or a log line is cut and cleaned after it was scrubbed.
void RequireHiddenIn(const std::string& text, const std::vector<std::string>& known,
                     absl::string_view property) {
  const std::string scrubbed = ScrubSecrets(text, known);
  RequireHidden(scrubbed, property);
  RequireHidden(CleanText(scrubbed), property);
}

// The key stands in a query, whose parameters are anything.
void CheckUri(const std::string& uri) {
  RequireHidden(RedactDestination(uri), "a redacted URI holds no key");
  RequireHiddenIn(uri, {}, "a URI is scrubbed out of a text that is nothing else");
  // Twice is as good as once: what Redis or a log holds may be redacted again.
  const std::string once = RedactDestination(uri);
  RequireHidden(RedactDestination(once), "a redacted URI can be redacted");
  RequireHidden(WithoutKeys(once), "a redacted URI can be stripped");
}

void Feed(absl::string_view front, absl::string_view before, absl::string_view behind,
          absl::string_view text) {
  const bool own_parameter = before.empty() || absl::EndsWith(before, "&");
  const bool ends = behind.empty() || absl::StrContains("&#", behind.substr(0, 1));
  if (absl::StrContains(absl::StrCat(front, before, behind, text), kPlanted)) return;
  const std::string key = absl::StrCat("secret-access-key=", kPlanted);
  const std::string uri = absl::StrCat(front, "?", before, key, behind);
  if (!absl::StrContains(front, "#") && !absl::StrContains(before, "#")) CheckUri(uri);
  if (own_parameter && front.find_first_of("?#") == absl::string_view::npos &&
      !absl::StrContains(before, "#")) {
    RequireHidden(WithoutKeys(uri), "no key stays in a URI without keys");
  }
  RequireHiddenIn(absl::StrCat(text, key), {}, "a key is known by its name");
  if (!own_parameter || !ends) return;
  const std::vector<std::string> secrets = SecretsOf(uri);
  RequireHiddenIn(absl::StrCat(text, kPlanted, behind, text), secrets,
                  "a known key is scrubbed wherever it stands");
  RequireHiddenIn(absl::StrCat(text, uri, text), secrets, "a known URI is scrubbed");
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<absl::string_view> lines = absl::StrSplit(input, absl::MaxSplits('\n', 3));
  if (lines.size() < 4) return -1;
  pcaps::Feed(lines[0], lines[1], lines[2], lines[3]);
  return 0;
}
