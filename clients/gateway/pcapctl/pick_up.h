// What to do after a command, told on standard error.
#pragma once

#include <string>
#include <vector>

#include "clients/gateway/pcapctl/command.h"

namespace pcaps::pcapctl {

// The capture exists: how to go on with it. `args` are the command's, without the options of the
// connection.
void TellHowToGoOn(const Session& session, const std::string& pcap_id,
                   const std::vector<std::string>& args);

// The creation's outcome is not known here: how to ask for it again without creating twice.
void TellHowToRepeat(const Session& session, const std::string& request_id);

// How to prove that a bucket just added is ours: by its challenge file.
void TellHowToValidate(const Session& session, const std::string& challenge_file,
                       const std::string& bucket);

}  // namespace pcaps::pcapctl
