// Bucket URIs hold secrets: what may be shown of one.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pcaps {

// The URI with every query value but the harmless ones replaced by "REDACTED", and without user
// information and fragment. Of what does not parse, scheme and bucket at most.
std::string RedactDestination(absl::string_view uri);

// The URI, or what RedactDestination() made of it, without the parameters that hold a bucket's
// keys.
std::string WithoutKeys(absl::string_view uri);

// False where the two name different buckets. Whether an upstream writes the rest of a URI as it
// was given is not known.
bool MayBeSameBucket(absl::string_view uri, absl::string_view other);

// The secret values of a bucket URI, as written and percent-decoded.
std::vector<std::string> SecretsOf(absl::string_view uri);

// The first 8 KiB of text from outside with the `known` secrets, bearer tokens, secret parameters
// and all bucket URIs in it redacted.
std::string ScrubSecrets(absl::string_view text, const std::vector<std::string>& known = {});

}  // namespace pcaps
