#include "clients/gateway/pcapctl/completion.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "clients/gateway/pcapctl/command_tree.h"

namespace pcaps::pcapctl {
namespace {

using Tree = std::vector<CompletedCommand>;

// bash and zsh walk the words before the cursor alike, to find the command they name. $first, $here
// and $all are how the shell counts words, $steps and $valued come from the tree.
constexpr char kWalk[] = R"(
  local command='' skip='' word i
  for ((i = $first; i < $here; i++)); do
    word=${$all[i]}
    if [[ $word == = ]]; then skip=1; continue; fi
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$command:$word" in
      $steps) command="${command:+$command }$word" ;;
      $valued) skip=1 ;;
    esac
  done
  local cur=${$all[$here]} prev=${$all[$here-1]}
  if [[ $cur == = ]]; then cur=''; fi
  if [[ $prev == = ]]; then prev=${$all[$here-2]}; fi
)";

// Names of options of the kind that `is` picks, each once, as alternatives of a case.
template <typename Predicate>
std::string NamesOf(const Tree& tree, absl::string_view before, const Predicate& is) {
  std::set<std::string> names;
  for (const CompletedCommand& command : tree) {
    for (const CompletedOption& option : command.options) {
      if (!is(option)) continue;
      for (const std::string& name : option.names) names.insert(absl::StrCat(before, name));
    }
  }
  return absl::StrJoin(names, "|");
}

bool TakesFile(const CompletedOption& option) { return option.takes_file; }
bool TakesAnything(const CompletedOption& option) {
  return option.takes_value && !option.takes_file && option.values.empty();
}

// ":capture|capture:full": from a command to one below it.
std::string Steps(const Tree& tree, absl::string_view separator, absl::string_view quote) {
  std::vector<std::string> steps;
  for (const CompletedCommand& command : tree) {
    for (const std::string& below : CommandsBelow(tree, command.path)) {
      steps.push_back(absl::StrCat(quote, command.path, ":", below, quote));
    }
  }
  return absl::StrJoin(steps, separator);
}

std::string Walk(const Tree& tree, absl::string_view first, absl::string_view here,
                 absl::string_view all) {
  const auto takes_value = [](const CompletedOption& option) { return option.takes_value; };
  return absl::StrReplaceAll(kWalk, {{"$first", first},
                                     {"$here", here},
                                     {"$all", all},
                                     {"$steps", Steps(tree, "|", "")},
                                     {"$valued", NamesOf(tree, "*:", takes_value)}});
}

// The case arms for words that follow an option with a fixed set of values. `reply` has the shell's
// way to offer "$words".
std::string ValueArms(const Tree& tree, absl::string_view reply) {
  std::set<std::string> arms;
  for (const CompletedCommand& command : tree) {
    for (const CompletedOption& option : command.options) {
      if (option.values.empty() || option.names.empty()) continue;
      arms.insert(
          absl::StrCat("    ", absl::StrJoin(option.names, "|"), ") ",
                       absl::StrReplaceAll(reply, {{"$words", absl::StrJoin(option.values, " ")}}),
                       "; return ;;\n"));
    }
  }
  return absl::StrJoin(arms, "");
}

// The case arms for all other words: per command its commands, options, and fixed values.
std::string CommandArms(const Tree& tree, absl::string_view reply) {
  std::string arms;
  for (const CompletedCommand& command : tree) {
    std::vector<std::string> words = CommandsBelow(tree, command.path);
    for (const std::vector<CompletedOption>* options : {&command.options, &tree.front().options}) {
      for (const CompletedOption& option : *options) {
        const auto& offered = option.names.empty() ? option.values : option.names;
        for (const std::string& word : offered) {
          if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
        }
      }
    }
    absl::StrAppend(&arms, "    '", command.path, "') ",
                    absl::StrReplaceAll(reply, {{"$words", absl::StrJoin(words, " ")}}), " ;;\n");
  }
  return arms;
}

std::string FishQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishOption(const CompletedOption& option, const std::string& condition) {
  std::string line = absl::StrCat("complete -c pcapctl", condition);
  for (const std::string& name : option.names) {
    const bool is_long = name.starts_with("--");
    absl::StrAppend(&line, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  if (option.takes_file) {
    absl::StrAppend(&line, " -r -F");
  } else if (!option.names.empty() && option.takes_value) {
    absl::StrAppend(&line, " -x");
  }
  if (!option.values.empty()) {
    absl::StrAppend(&line, " -a ", FishQuoted(absl::StrJoin(option.values, " ")));
  }
  return absl::StrCat(line, " -d ", FishQuoted(option.help), "\n");
}

}  // namespace

std::string BashCompletion(const CLI::App& root) {
  const Tree tree = CommandTree(root);
  constexpr char kReply[] = "mapfile -t COMPREPLY < <(compgen -W '$words' -- \"$cur\")";
  return absl::StrCat(
      "# bash completion for pcapctl: source <(pcapctl completion bash)\n_pcapctl() {",
      Walk(tree, "1", "COMP_CWORD", "COMP_WORDS"), "  case \"$prev\" in\n    ",
      NamesOf(tree, "", TakesFile),
      ") compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); "
      "return ;;\n",
      ValueArms(tree, kReply), "    ", NamesOf(tree, "", TakesAnything), ") return ;;\n  esac\n",
      "  case \"$command\" in\n", CommandArms(tree, kReply),
      "  esac\n}\ncomplete -F _pcapctl pcapctl\n");
}

std::string ZshCompletion(const CLI::App& root) {
  const Tree tree = CommandTree(root);
  constexpr char kReply[] = "compadd -- $words";
  return absl::StrCat(
      "#compdef pcapctl\n# zsh completion for pcapctl: source <(pcapctl completion zsh)\n"
      "_pcapctl() {",
      Walk(tree, "2", "CURRENT", "words"), "  case \"$prev\" in\n    ",
      NamesOf(tree, "", TakesFile), ") _files; return ;;\n", ValueArms(tree, kReply), "    ",
      NamesOf(tree, "", TakesAnything), ") return ;;\n  esac\n", "  case \"$command\" in\n",
      CommandArms(tree, kReply),
      "  esac\n}\n"
      "if [[ ${funcstack[1]} == _pcapctl ]]; then _pcapctl; else compdef _pcapctl pcapctl; fi\n");
}

std::string FishCompletion(const CLI::App& root) {
  const Tree tree = CommandTree(root);
  const auto takes_value = [](const CompletedOption& option) { return option.takes_value; };
  const std::string valued = absl::StrReplaceAll(NamesOf(tree, "'*:", takes_value), {{"|", "' "}});
  std::string script = absl::StrCat(
      "# fish completion for pcapctl: pcapctl completion fish | source\n"
      "function __pcapctl_at\n"
      "    set -l command ''\n    set -l skip ''\n"
      "    for word in (commandline -opc)[2..-1]\n"
      "        if test -n \"$skip\"\n            set skip ''\n            continue\n        end\n"
      "        switch \"$command:$word\"\n            case ",
      Steps(tree, " ", "'"), "\n                set command (string trim \"$command $word\")\n",
      "            case ", valued, "'\n                set skip 1\n        end\n    end\n",
      "    test \"$command\" = \"$argv[1]\"\nend\ncomplete -c pcapctl -f\n");
  for (const CompletedCommand& command : tree) {
    const std::string at =
        absl::StrCat(" -n ", FishQuoted(absl::StrCat("__pcapctl_at '", command.path, "'")));
    for (const CompletedCommand& below : tree) {
      const bool is_below =
          !below.path.empty() &&
          below.path == absl::StrCat(command.path, command.path.empty() ? "" : " ", below.name);
      if (!is_below) continue;
      absl::StrAppend(&script, "complete -c pcapctl", at, " -a ", below.name, " -d ",
                      FishQuoted(below.help), "\n");
    }
    for (const CompletedOption& option : command.options) {
      if (option.names.empty() && option.values.empty()) continue;
      absl::StrAppend(&script, FishOption(option, command.path.empty() ? "" : at));
    }
  }
  return script;
}

}  // namespace pcaps::pcapctl
