// `capture full`: a full capture followed to its end, and stopped when its user says so.
#pragma once

#include "absl/status/status.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/create_flags.h"

namespace pcaps::pcapctl {

// Once the session's stop is requested, the capture is asked to stop, once, and watched to its end
// all the same: then only its own end, its failure or the deadline ends the command. Tells where
// the files are on standard output. OK means that the capture is done, whoever ended it.
absl::Status RunFullCapture(const Session& session, const CreateFlags& flags);

}  // namespace pcaps::pcapctl
