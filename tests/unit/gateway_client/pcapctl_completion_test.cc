// completion: the scripts work in the shells they are for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class Completion : public testing::Test {
 protected:
  Completion() {
    const PcapctlRun run = RunPcapctlAlone({"completion", "bash"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    WriteFile(script_, run.out);
  }

  // What bash prints, and nothing on standard error.
  std::vector<std::string> Bash(const std::string& commands) {
    WriteFile(dir_.Path("run"), absl::StrCat("exec 2>&1; cd ", dir_.Path("files"), "\nsource ",
                                             script_, "\n", commands));
    // A shell is what is tested. NOLINTNEXTLINE(bugprone-command-processor)
    FILE* const output = popen(("bash --norc " + dir_.Path("run")).c_str(), "r");
    std::string text;
    for (int c = 0; (c = fgetc(output)) != EOF;) text += static_cast<char>(c);
    EXPECT_EQ(pclose(output), 0) << text;
    return absl::StrSplit(text, '\n', absl::SkipEmpty());
  }
  // What the last of the words, which may be begun or empty, is completed to.
  std::vector<std::string> Complete(const std::vector<std::string>& words) {
    std::filesystem::create_directory(dir_.Path("files"));
    WriteFile(dir_.Path("files/ca one.pem"), "");
    return Bash(absl::StrCat("COMP_WORDS=(pcapctl '", absl::StrJoin(words, "' '"),
                             "')\nCOMP_CWORD=", words.size(),
                             "\n_pcapctl\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"));
  }

  const TempDir dir_;
  const std::string script_ = dir_.Path("completion.bash");
};

TEST_F(Completion, IsRegisteredWithBash) {
  std::filesystem::create_directory(dir_.Path("files"));
  EXPECT_THAT(Bash("complete -p pcapctl"), ElementsAre("complete -F _pcapctl pcapctl"));
}

TEST_F(Completion, KnowsEveryCommandThatTheHelpKnows) {
  const std::string help = RunPcapctlAlone({"--help"}).out;
  const std::vector<std::string> offered = Complete({""});
  const size_t begin = help.find("Subcommands:\n") + 13;
  int commands = 0;
  for (const std::string& line : std::vector<std::string>(
           absl::StrSplit(help.substr(begin, help.find("\n\n", begin) - begin), '\n'))) {
    const std::string command = line.substr(2, line.find(' ', 2) - 2);
    EXPECT_THAT(offered, Contains(command));
    ++commands;
  }
  EXPECT_GE(commands, 8);
}

TEST_F(Completion, GoesDownToTheFormsOfACommand) {
  EXPECT_THAT(Complete({"cap"}), ElementsAre("capture"));
  EXPECT_THAT(Complete({"capture", "f"}), ElementsAre("full"));
  EXPECT_THAT(Complete({"--json", "capture", "full", "--co"}), ElementsAre("--colo"));
  EXPECT_THAT(Complete({"capture", "full", "--fr"}), IsEmpty());
  EXPECT_THAT(Complete({"capture", "simple", "--fr"}), ElementsAre("--from"));
}

TEST_F(Completion, OffersCommonOptionsEverywhere) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--ta"}, {"list", "--ta"}, {"create", "full", "--ta"}}) {
    EXPECT_THAT(Complete(words), ElementsAre("--target"));
  }
}

TEST_F(Completion, TakesNoValueForACommand) {
  EXPECT_THAT(Complete({"--account", "capture", "li"}), ElementsAre("list"));
  EXPECT_THAT(Complete({"--account", "=", "capture", "li"}), ElementsAre("list"));
}

TEST_F(Completion, KnowsWordsAndFilesThatAreValues) {
  EXPECT_THAT(Complete({"create", "--protocol", "ud"}), ElementsAre("udp"));
  EXPECT_THAT(Complete({"create", "--protocol", "=", "ud"}), ElementsAre("udp"));
  EXPECT_THAT(Complete({"completion", "ba"}), ElementsAre("bash"));
  EXPECT_THAT(Complete({"list", "--ca-file", "ca"}), ElementsAre("ca one.pem"));
  EXPECT_THAT(Complete({"download", "-o", ""}), ElementsAre("ca one.pem"));
  EXPECT_THAT(Complete({"list", "--account", ""}), IsEmpty());
}

TEST(CompletionScripts, ForOtherShellsKnowTheSameTree) {
  const std::string zsh = RunPcapctlAlone({"completion", "zsh"}).out;
  EXPECT_THAT(zsh,
              AllOf(HasSubstr("#compdef pcapctl\n"), HasSubstr("'capture full') compadd -- ")));
  const std::string fish = RunPcapctlAlone({"completion", "fish"}).out;
  EXPECT_THAT(fish,
              AllOf(HasSubstr("complete -c pcapctl -n '__pcapctl_at \\'capture\\'' -a full -d "),
                    HasSubstr("-l ca-file -r -F -d "), Not(HasSubstr("$steps"))));
}

}  // namespace
}  // namespace pcaps
