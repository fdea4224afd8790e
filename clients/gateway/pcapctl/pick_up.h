// What to do after a command, and other notes: told on standard error.
#pragma once

#include <string>
#include <vector>

#include "clients/gateway/pcapctl/command.h"

namespace pcaps::pcapctl {

// A note, and the line for a shell that goes with it, where there is one. For programs an object on
// a line.
void Tell(const Session& session, const std::string& note, const std::string& command = "");
// A command of pcapctl with all it takes to reach the same gateway.
std::string CommandLine(const GlobalFlags& flags, const std::vector<std::string>& args);

// The capture exists: how to go on with it. `args` are the command's, without the options of the
// connection.
void TellHowToGoOn(const Session& session, const std::string& pcap_id,
                   const std::vector<std::string>& args);

// The capture is done, its file is not here: how to get it. `args` as before.
void TellHowToDownload(const Session& session, const std::string& pcap_id,
                       const std::vector<std::string>& args);

// The creation's outcome is not known here: how to ask for it again without creating twice.
// `window`: the options that name the time that was searched; empty where none was given.
void TellHowToRepeat(const Session& session, const std::string& request_id,
                     const std::string& window);

// How to prove that a bucket just added is ours: by its challenge file.
void TellHowToValidate(const Session& session, const std::string& challenge_file,
                       const std::string& bucket);

}  // namespace pcaps::pcapctl
