// ConfigText: the configuration that is in force, for people to read.
#pragma once

#include <string>

#include "service/config.h"

namespace pcaps {

// YAML in the order of the README's example, every key given, fit to be a configuration file. What
// stands before the '@' of a URL, where a password may be, is REDACTED. Files are named, and not
// read.
std::string ConfigText(const Config& config);

}  // namespace pcaps
