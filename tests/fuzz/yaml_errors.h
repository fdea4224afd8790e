// What the readers of YAML files say of a bad one.
#pragma once

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/fuzz/property.h"

namespace pcaps {

// "file:\n  line 3: watch.max_streams is ...\n  ..."; what is missing altogether has no line.
inline void CheckYamlErrors(absl::string_view message, const std::string& yaml) {
  const auto lines = std::count(yaml.begin(), yaml.end(), '\n') + 1;
  Require(absl::ConsumePrefix(&message, "file:\n  "), "errors begin with the file", message);
  for (absl::string_view error : absl::StrSplit(message, "\n  ")) {
    Require(IsOneLine(error), "an error is one line", error);
    int line = 1;
    if (absl::ConsumePrefix(&error, "line ")) {
      Require(absl::SimpleAtoi(error.substr(0, error.find(':')), &line), "a line has a number",
              error);
    }
    Require(line >= 1 && line <= lines + 1, "a line is one of the file", error);
  }
}

}  // namespace pcaps
