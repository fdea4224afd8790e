// Creating a capture, as `create` and `capture` both do.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/create_flags.h"

namespace pcaps::pcapctl {

// Tells which time is searched, and how to repeat the creation safely where its outcome is not
// known. FinishCreateFlags() comes first.
absl::StatusOr<v1::Pcap> Create(const Session& session, const CreateFlags& flags);

// For --dry-run: prints the request that Create() would send, with the keys of its bucket redacted.
void PrintRequest(const Session& session, const CreateFlags& flags);

// A command in two forms: `create`, which is `create simple`, and `create full`.
struct CaptureForms {
  std::string name;
  std::string help;
  // Adds the options of a form to its (sub)command, which then sets `chosen`.
  std::function<void(CLI::App& command)> add_simple;
  std::function<void(CLI::App& command)> add_full;
};
// An option of the simple form is none of the full one, wherever it stands on the command line.
void AddCaptureForms(CLI::App& app, const CaptureForms& forms);

}  // namespace pcaps::pcapctl
