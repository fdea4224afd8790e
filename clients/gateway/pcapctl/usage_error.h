// What pcapctl says of a command line that it does not understand.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace pcaps::pcapctl {

// INVALID_ARGUMENT that names the wrong words in their order. Any word may be a bucket's URI, or a
// piece of one, that got into the wrong place: nothing that may be a key is shown. `app` has parsed
// `args` and thrown `error`.
absl::Status UsageError(const CLI::App& app, const CLI::ParseError& error,
                        const std::vector<std::string>& args);

// The same error without the keys that the bucket URIs among `args` hold: any option may have been
// given one, and its error may show what it was given.
absl::Status WithoutKeysOf(const std::vector<std::string>& args, const absl::Status& status);

}  // namespace pcaps::pcapctl
