#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/completion.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kCompletionExamples[] =
    "Examples:\n"
    "  source <(pcapctl completion bash)\n"
    "  pcapctl completion zsh > ~/.zfunc/_pcapctl\n"
    "  pcapctl completion fish > ~/.config/fish/completions/pcapctl.fish\n";

}  // namespace

void AddCompletion(CLI::App& app, std::string& script) {
  CLI::App* const command =
      app.add_subcommand("completion", "Print a script that completes pcapctl in a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "Which shell")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(kCompletionExamples);
  command->callback([&app, &script, shell] {
    if (*shell == "bash") script = BashCompletion(app);
    if (*shell == "zsh") script = ZshCompletion(app);
    if (*shell == "fish") script = FishCompletion(app);
  });
}

}  // namespace pcaps::pcapctl
