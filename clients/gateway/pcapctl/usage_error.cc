#include "clients/gateway/pcapctl/usage_error.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clients/pcaps_api/destination.h"

namespace pcaps::pcapctl {
namespace {

// Our commands and options are shorter, and keys are longer.
constexpr size_t kMaxShownBytes = 18;

bool IsPlain(absl::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

std::string ShownValue(absl::string_view word) {
  if (word.empty()) return "''";
  if (IsPlain(word) && word.size() <= kMaxShownBytes) return std::string(word);
  return RedactDestination(word);
}

bool IsOption(absl::string_view word) { return absl::StartsWith(word, "-"); }
// "--colo" of "--colo=ord02".
absl::string_view NameOf(absl::string_view word) { return word.substr(0, word.find('=')); }

std::string Shown(absl::string_view word) {
  const absl::string_view name = NameOf(word);
  if (!IsOption(word) || name.size() == word.size()) return ShownValue(word);
  return absl::StrCat(ShownValue(name), "=", ShownValue(word.substr(name.size() + 1)));
}

// The command that was named first; null where none was.
const CLI::App* CommandOf(const CLI::App& app) {
  const std::vector<CLI::App*> named = app.get_subcommands();
  return named.empty() ? nullptr : named.front();
}

// "; --colo goes after 'capture full'", where a form of the command has an option that is left.
std::string WhereItGoes(const CLI::App& app, const std::vector<std::string>& left) {
  const CLI::App* const command = CommandOf(app);
  if (command == nullptr || command->get_require_subcommand_min() > 0) return "";
  for (const CLI::App* const form :
       command->get_subcommands([](const CLI::App*) { return true; })) {
    for (const std::string& word : left) {
      const std::string name(NameOf(word));
      if (!IsOption(word) || form->get_option_no_throw(name) == nullptr) continue;
      return absl::StrCat("; ", name, " goes after '", command->get_name(), " ", form->get_name(),
                          "'");
    }
  }
  return "";
}

// "ownership lst": the words where a command was to stand; empty where it is something else that is
// wrong.
std::string UnknownCommand(const CLI::App& app, const std::vector<std::string>& left) {
  if (left.empty() || IsOption(left.front())) return "";
  const CLI::App* const command = CommandOf(app);
  if (command == nullptr) return Shown(left.front());
  const bool wants_another =
      command->get_require_subcommand_min() > 0 && CommandOf(*command) == nullptr;
  return wants_another ? absl::StrCat(command->get_name(), " ", Shown(left.front())) : "";
}

std::vector<std::string> SecretsIn(const std::vector<std::string>& args) {
  std::vector<std::string> secrets;
  for (const absl::string_view word : args) {
    if (!absl::StrContains(word, "://")) continue;
    const absl::string_view uri =
        IsOption(word) ? word.substr(std::min(NameOf(word).size() + 1, word.size())) : word;
    for (std::string& secret : SecretsOf(uri)) secrets.push_back(std::move(secret));
  }
  return secrets;
}

std::string Words(const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& args) {
  const std::vector<std::string> left = app.remaining(/*recurse=*/true);
  const std::string unknown = UnknownCommand(app, left);
  if (!unknown.empty()) return absl::StrCat("no such command: ", unknown);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) {
    return ScrubSecrets(error.what(), SecretsIn(args));
  }
  std::string words = "not expected:";
  for (const std::string& word : left) absl::StrAppend(&words, " ", Shown(word));
  return words + WhereItGoes(app, left);
}

}  // namespace

absl::Status UsageError(const CLI::App& app, const CLI::ParseError& error,
                        const std::vector<std::string>& args) {
  return absl::InvalidArgumentError(absl::StrCat(Words(app, error, args), "; see pcapctl --help"));
}

absl::Status WithoutKeysOf(const std::vector<std::string>& args, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status clean(status.code(), ScrubSecrets(status.message(), SecretsIn(args)));
  status.ForEachPayload([&clean](absl::string_view type, const absl::Cord& payload) {
    clean.SetPayload(type, payload);
  });
  return clean;
}

}  // namespace pcaps::pcapctl
