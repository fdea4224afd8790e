// Creating a capture, as `create` and `capture` both do.
#pragma once

#include "absl/status/statusor.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/create_flags.h"

namespace pcaps::pcapctl {

// Tells how to repeat the creation safely where its outcome is not known.
absl::StatusOr<v1::Pcap> Create(const Session& session, const CreateFlags& flags);

}  // namespace pcaps::pcapctl
