// The tree of commands as a shell completes it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace pcaps::pcapctl {

struct CompletedOption {
  std::vector<std::string> names;  // "-o", "--output"; none: what a command takes without a name.
  std::string help;
  bool takes_value = false;
  bool takes_file = false;
  std::vector<std::string> values;  // The words it takes; none: any.
};

struct CompletedCommand {
  std::string path;  // "" for the program itself, "capture", "capture full".
  std::string name;  // The last word of it.
  std::string help;
  std::vector<CompletedOption> options;  // Its own. Those of the program go everywhere.
};

// The program first, and each command before its own commands. Of an option, the type name FILE
// means files, and words in braces, "{bash,zsh}", are all it takes.
std::vector<CompletedCommand> CommandTree(const CLI::App& root);

// The names of the commands right below `path`.
std::vector<std::string> CommandsBelow(const std::vector<CompletedCommand>& tree,
                                       const std::string& path);

}  // namespace pcaps::pcapctl
