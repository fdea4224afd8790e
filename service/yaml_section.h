// YamlSection: one mapping of a YAML file, read strictly: every problem is collected with its line,
// none is fatal alone.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

class YamlSection {
 public:
  // `path` names the section in messages ("upstream.retry"; empty for the whole file). Both
  // referents outlive the section.
  YamlSection(const YAML::Node& node, std::string path, std::vector<std::string>& errors);

  // Each reads one key into *value, which keeps its default where the key is absent. Bounds are
  // inclusive.
  void Read(const char* key, bool* value);
  void Read(const char* key, std::string* value);
  void Read(const char* key, std::vector<std::string>* value);
  void Read(const char* key, int* value, int min, int max = std::numeric_limits<int>::max());
  void Read(const char* key, double* value, double min, double max);
  // "300ms", "2s", "30m", "24h".
  void Read(const char* key, absl::Duration* value, absl::Duration min, absl::Duration max);
  // "1048576", "256KiB", "64MiB", "1GiB".
  void ReadSize(const char* key, int64_t* bytes, int64_t min, int64_t max);
  template <typename Enum>
  void Read(const char* key, Enum* value, const std::map<std::string, Enum>& names) {
    std::string name;
    Read(key, &name);
    if (name.empty()) return;
    const auto found = names.find(name);
    if (found != names.end()) {
      *value = found->second;
      return;
    }
    std::string known;
    for (const auto& [each, unused] : names) known += (known.empty() ? "" : ", ") + each;
    Fail(key, "is '" + name + "'; it must be one of: " + known);
  }
  // A nested mapping; an empty one where the key is absent.
  void Read(const char* key, const std::function<void(YamlSection&)>& read);
  // A sequence of mappings, of one at least; not called where the key is absent.
  void ReadEach(const char* key, const std::function<void(YamlSection&)>& read);
  // A mapping of mappings, under names of the file's own; not called where the key is absent.
  void ReadNamed(const char* key,
                 const std::function<void(const std::string& name, YamlSection&)>& read);

  // Says what is wrong with the value of `key`, with its line.
  void Fail(const char* key, absl::string_view what);

  // Call after the last Read: every key nobody asked for is an error, and every key given twice.
  void RejectUnknownKeys();

 private:
  // The key's scalar; empty where it is absent or (an error) not a scalar.
  bool Scalar(const char* key, std::string* text);
  // `where` has the line, where there is one.
  void Report(const YAML::Node& where, absl::string_view what);
  std::string Path(absl::string_view key) const;
  YAML::Node Find(const char* key);

  YAML::Node node_;
  std::string path_;
  std::vector<std::string>& errors_;
  std::set<std::string> known_;
};

// What is wrong with a text that is no YAML, with its line.
std::string SyntaxError(const YAML::Exception& error);

// INVALID_ARGUMENT that lists the errors, a line each; of more than 100 the first. `source` names
// the file.
absl::Status YamlErrors(absl::string_view source, const std::vector<std::string>& errors);

}  // namespace pcaps
