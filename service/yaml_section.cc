#include "service/yaml_section.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr size_t kMaxErrors = 100;

// "line 3: "; empty where it is not known.
std::string LineOf(const YAML::Mark& mark) {
  return mark.is_null() ? "" : absl::StrCat("line ", mark.line + 1, ": ");
}

bool ParseSize(absl::string_view text, int64_t* bytes) {
  int64_t unit = 1;
  for (const auto& [suffix, factor] :
       {std::pair("KiB", int64_t{1} << 10), {"MiB", int64_t{1} << 20}, {"GiB", int64_t{1} << 30}}) {
    if (absl::ConsumeSuffix(&text, suffix)) {
      unit = factor;
      break;
    }
  }
  int64_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count < 0) return false;
  return !__builtin_mul_overflow(count, unit, bytes);
}

}  // namespace

YamlSection::YamlSection(const YAML::Node& node, std::string path, std::vector<std::string>& errors)
    : node_(node.IsDefined() ? node : YAML::Node()), path_(std::move(path)), errors_(errors) {
  if (!node_.IsNull() && !node_.IsMap()) {
    Report(node_, absl::StrCat(path_.empty() ? "the file" : path_, " must be a mapping"));
    node_.reset();  // To assign a node would change it where aliases of it stand, too.
  }
}

std::string YamlSection::Path(absl::string_view key) const {
  return path_.empty() ? std::string(key) : absl::StrCat(path_, ".", key);
}

YAML::Node YamlSection::Find(const char* key) {
  known_.insert(key);
  if (!node_.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
  const YAML::Node& lookup = node_;  // The const operator[] does not create the key.
  return lookup[key];
}

void YamlSection::Fail(const char* key, absl::string_view what) {
  Report(Find(key), absl::StrCat(Path(key), " ", what));
}

// The file's own words may be anything.
void YamlSection::Report(const YAML::Node& where, absl::string_view what) {
  const YAML::Mark mark = where.IsDefined() ? where.Mark() : YAML::Mark::null_mark();
  errors_.push_back(absl::StrCat(LineOf(mark), CleanText(what)));
}

bool YamlSection::Scalar(const char* key, std::string* text) {
  const YAML::Node value = Find(key);
  if (!value.IsDefined() || value.IsNull()) return false;
  if (!value.IsScalar()) {
    Fail(key, "must be a single value");
    return false;
  }
  *text = value.Scalar();
  return true;
}

void YamlSection::Read(const char* key, bool* value) {
  std::string text;
  if (!Scalar(key, &text)) return;
  if (text == "true" || text == "false") {
    *value = text == "true";
  } else {
    Fail(key, absl::StrCat("is '", text, "'; it must be true or false"));
  }
}

void YamlSection::Read(const char* key, std::string* value) { Scalar(key, value); }

void YamlSection::Read(const char* key, std::vector<std::string>* value) {
  const YAML::Node list = Find(key);
  if (!list.IsDefined() || list.IsNull()) return;
  if (!list.IsSequence()) return Fail(key, "must be a list");
  value->clear();
  for (const YAML::Node& item : list) {
    if (!item.IsScalar()) return Fail(key, "must be a list of single values");
    value->push_back(item.Scalar());
  }
}

void YamlSection::Read(const char* key, int* value, int min, int max) {
  std::string text;
  if (!Scalar(key, &text)) return;
  int number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < min || number > max) {
    return Fail(key,
                absl::StrCat("is '", text, "'; it must be a whole number from ", min, " to ", max));
  }
  *value = number;
}

void YamlSection::Read(const char* key, double* value, double min, double max) {
  std::string text;
  if (!Scalar(key, &text)) return;
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !(number >= min && number <= max)) {
    return Fail(key, absl::StrCat("is '", text, "'; it must be a number from ", min, " to ", max));
  }
  *value = number;
}

void YamlSection::Read(const char* key, absl::Duration* value, absl::Duration min,
                       absl::Duration max) {
  std::string text;
  if (!Scalar(key, &text)) return;
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < min || duration > max) {
    return Fail(
        key, absl::StrCat("is '", text, "'; it must be a duration from ", absl::FormatDuration(min),
                          " to ", absl::FormatDuration(max), ", like 300ms, 2s or 30m"));
  }
  *value = duration;
}

void YamlSection::ReadSize(const char* key, int64_t* bytes, int64_t min, int64_t max) {
  std::string text;
  if (!Scalar(key, &text)) return;
  int64_t size = 0;
  if (!ParseSize(text, &size) || size < min || size > max) {
    return Fail(key, absl::StrCat("is '", text, "'; it must be a size from ", min, " to ", max,
                                  " bytes, like 65536, 256KiB or 64MiB"));
  }
  *bytes = size;
}

void YamlSection::Read(const char* key, const std::function<void(YamlSection&)>& read) {
  YamlSection section(Find(key), Path(key), errors_);
  read(section);
  section.RejectUnknownKeys();
}

void YamlSection::ReadEach(const char* key, const std::function<void(YamlSection&)>& read) {
  const YAML::Node list = Find(key);
  if (!list.IsDefined() || list.IsNull()) return;
  if (!list.IsSequence()) return Fail(key, "must be a list");
  if (list.size() == 0) return Fail(key, "must not be empty");
  for (size_t i = 0; i < list.size(); ++i) {
    YamlSection section(list[i], absl::StrCat(Path(key), "[", i, "]"), errors_);
    read(section);
    section.RejectUnknownKeys();
  }
}

void YamlSection::ReadNamed(
    const char* key, const std::function<void(const std::string& name, YamlSection&)>& read) {
  const YAML::Node named = Find(key);
  if (!named.IsDefined() || named.IsNull()) return;
  if (!named.IsMap()) return Fail(key, "must be a mapping");
  std::set<std::string> seen;
  for (const auto& entry : named) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (name.empty() || !seen.insert(name).second) {
      Fail(key, absl::StrCat("must have names, each once: see '", name, "'"));
      continue;
    }
    YamlSection section(entry.second, absl::StrCat(Path(key), ".", name), errors_);
    read(name, section);
    section.RejectUnknownKeys();
  }
}

void YamlSection::RejectUnknownKeys() {
  if (!node_.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "(a key)";
    if (!seen.insert(key).second) {
      Report(entry.first, absl::StrCat(Path(key), " is given twice"));
    }
    if (known_.count(key) > 0) continue;
    std::string known;
    for (const std::string& each : known_) known += (known.empty() ? "" : ", ") + each;
    Report(entry.first, absl::StrCat("unknown key ", Path(key), "; known here: ", known));
  }
}

std::string SyntaxError(const YAML::Exception& error) {
  return absl::StrCat(LineOf(error.mark), CleanText(error.msg));
}

absl::Status YamlErrors(absl::string_view source, const std::vector<std::string>& errors) {
  const auto end =
      errors.begin() + static_cast<std::ptrdiff_t>(std::min(errors.size(), kMaxErrors));
  std::string message = absl::StrCat(source, ":\n  ", absl::StrJoin(errors.begin(), end, "\n  "));
  if (errors.size() > kMaxErrors) {
    absl::StrAppend(&message, "\n  and ", errors.size() - kMaxErrors, " more");
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace pcaps
