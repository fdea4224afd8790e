#include "clients/gateway/pcapctl/command_tree.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pcaps::pcapctl {
namespace {

std::vector<std::string> WordsInBraces(const std::string& type_name) {
  const size_t open = type_name.find('{');
  const size_t close = type_name.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return absl::StrSplit(type_name.substr(open + 1, close - open - 1), ',', absl::SkipEmpty());
}

CompletedOption OptionOf(const CLI::Option& option) {
  CompletedOption completed;
  for (const std::string& name : option.get_snames()) completed.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) completed.names.push_back("--" + name);
  completed.help = option.get_description();
  completed.takes_value = option.get_items_expected_max() > 0;
  const std::string type_name = option.get_type_name();
  completed.takes_file = completed.takes_value && type_name == "FILE";
  if (completed.takes_value) completed.values = WordsInBraces(type_name);
  return completed;
}

// The tree has two levels; that of the command line parser cannot be deep.
void Add(const CLI::App& app, const std::string& path, std::vector<CompletedCommand>& tree) {
  CompletedCommand command = {
      .path = path, .name = path.substr(path.rfind(' ') + 1), .help = app.get_description()};
  for (const CLI::Option* const option : app.get_options()) {
    command.options.push_back(OptionOf(*option));
  }
  tree.push_back(std::move(command));
  for (const CLI::App* const below : app.get_subcommands([](const CLI::App*) { return true; })) {
    Add(*below, absl::StrCat(path, path.empty() ? "" : " ", below->get_name()), tree);
  }
}

}  // namespace

std::vector<CompletedCommand> CommandTree(const CLI::App& root) {
  std::vector<CompletedCommand> tree;
  Add(root, "", tree);
  return tree;
}

std::vector<std::string> CommandsBelow(const std::vector<CompletedCommand>& tree,
                                       const std::string& path) {
  std::vector<std::string> names;
  for (const CompletedCommand& command : tree) {
    const std::string expected = absl::StrCat(path, path.empty() ? "" : " ", command.name);
    if (!command.path.empty() && command.path == expected) names.push_back(command.name);
  }
  return names;
}

}  // namespace pcaps::pcapctl
