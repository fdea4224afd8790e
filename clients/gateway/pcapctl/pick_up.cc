#include "clients/gateway/pcapctl/pick_up.h"

#include <algorithm>
#include <boost/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "clients/base/error.h"
#include "clients/pcaps_api/destination.h"

namespace pcaps::pcapctl {
namespace {

std::string Quoted(const std::string& word) {
  const auto plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("-_./:@%+=,").find(c) != absl::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

}  // namespace

std::string CommandLine(const GlobalFlags& flags, const std::vector<std::string>& args) {
  std::vector<std::string> words = args;
  words.insert(words.end(), {"--account", flags.account});
  if (flags.target != GlobalFlags().target) words.insert(words.end(), {"--target", flags.target});
  if (!flags.ca_file.empty()) {
    words.insert(words.end(), {"--ca-file", flags.ca_file});
  } else if (flags.tls) {
    words.emplace_back("--tls");
  }
  if (!flags.token_file.empty()) words.insert(words.end(), {"--token-file", flags.token_file});
  std::string line = "pcapctl";
  for (const std::string& word : words) absl::StrAppend(&line, " ", Quoted(word));
  return line;
}

void Tell(const Session& session, const std::string& note, const std::string& command) {
  if (session.flags.json) {
    boost::json::object line{{"note", note}};
    if (!command.empty()) line["command"] = command;
    session.err << boost::json::serialize(line) << "\n" << std::flush;
    return;
  }
  session.err << note << (command.empty() ? "\n" : ":\n  " + command + "\n") << std::flush;
}

void TellHowToGoOn(const Session& session, const std::string& pcap_id,
                   const std::vector<std::string>& args) {
  Tell(session, absl::StrCat("capture ", CleanText(pcap_id), " goes on without us; to pick it up"),
       CommandLine(session.flags, args));
}

void TellHowToDownload(const Session& session, const std::string& pcap_id,
                       const std::vector<std::string>& args) {
  Tell(session, absl::StrCat("capture ", CleanText(pcap_id), " is done; to download it"),
       CommandLine(session.flags, args));
}

void TellHowToRepeat(const Session& session, const std::string& request_id,
                     const std::string& window) {
  const std::string times =
      window.empty() ? ""
                     : absl::StrCat(" ", window, " in place of its --from, --to and --time-limit");
  Tell(session,
       absl::StrCat("the capture may have been created; the same command with --request-id ",
                    request_id, times, " gets it and creates no second one"));
}

void TellHowToValidate(const Session& session, const std::string& challenge_file,
                       const std::string& bucket) {
  std::string note =
      absl::StrCat("next, read the file ", CleanText(challenge_file),
                   " in the bucket, and pipe it into this command, or put what it holds for the -");
  std::vector<std::string> args = {"ownership", "validate", "-"};
  const std::string shown = WithoutKeys(bucket);
  if (RedactDestination(shown) == shown) {
    args.insert(args.end(), {"--bucket", shown});
  } else {
    absl::StrAppend(&note, "; its URI holds something secret: give it in PCAPCTL_BUCKET");
  }
  Tell(session, note, CommandLine(session.flags, args));
}

}  // namespace pcaps::pcapctl
