// ownership list, create, validate and delete: the buckets of full captures.
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/pick_up.h"
#include "clients/gateway/pcapctl/render.h"
#include "clients/gateway/pcapctl/standard_input.h"

namespace pcaps::pcapctl {
namespace {

// More than the gateway takes: what is too long is told by it, beside everything else that is
// wrong.
constexpr size_t kMaxInputBytes = 16 << 10;

void Show(const Session& session, const v1::Ownership& ownership) {
  session.out << (session.flags.json ? ToJsonLine(ownership) : OwnershipDetails(ownership))
              << std::flush;
}

absl::Status RunListOwnerships(const Session& session) {
  const auto ownerships = session.client.ListOwnerships(session.flags.account, session.call);
  if (!ownerships.ok()) return ownerships.status();
  if (!session.flags.json) {
    session.out << OwnershipTable(*ownerships);
    return absl::OkStatus();
  }
  for (const v1::Ownership& ownership : *ownerships) session.out << ToJsonLine(ownership);
  return absl::OkStatus();
}

absl::Status RunCreate(const Session& session, const std::string& bucket) {
  v1::CreateOwnershipRequest request;
  request.set_account_id(session.flags.account);
  request.set_destination_conf(bucket);
  const auto ownership = session.client.CreateOwnership(request, session.call);
  if (!ownership.ok()) return ownership.status();
  Show(session, *ownership);
  TellHowToValidate(session, ownership->filename(), bucket);
  return absl::OkStatus();
}

absl::Status RunValidate(const Session& session, const std::string& bucket, std::string challenge) {
  if (challenge == "-") {
    absl::StatusOr<std::string> input = ReadStandardInput(kMaxInputBytes, session.call.stop);
    if (!input.ok()) return input.status();
    challenge = std::string(absl::StripSuffix(*input, "\n"));
  }
  v1::ValidateOwnershipRequest request;
  request.set_account_id(session.flags.account);
  request.set_destination_conf(bucket);
  request.set_ownership_challenge(challenge);
  const auto ownership = session.client.ValidateOwnership(request, session.call);
  if (!ownership.ok()) return ownership.status();
  Show(session, *ownership);
  if (ownership->status() == v1::Ownership::STATUS_SUCCESS) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the bucket is not proved, its status is ", OwnershipStatusText(*ownership),
                   ": give what the bucket's newest challenge file holds"));
}

absl::Status RunDelete(const Session& session, const std::string& id) {
  v1::DeleteOwnershipRequest request;
  request.set_account_id(session.flags.account);
  request.set_ownership_id(id);
  const absl::Status status = session.client.DeleteOwnership(request, session.call);
  if (!status.ok()) return status;
  session.out << (session.flags.json ? ToJsonLine(v1::DeleteOwnershipResponse()) : "deleted\n");
  return absl::OkStatus();
}

std::shared_ptr<std::string> AddBucket(CLI::App& command) {
  const auto bucket = std::make_shared<std::string>();
  command
      .add_option("--bucket", *bucket,
                  "Bucket: s3://, gs:// or r2://. Others see a command line: a URI that holds keys "
                  "belongs into PCAPCTL_BUCKET")
      ->envname("PCAPCTL_BUCKET")
      ->required();
  return bucket;
}

void AddOwnershipList(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("list", "List the account's buckets, newest first");
  command->footer("Examples:\n  pcapctl ownership list\n");
  command->callback([&chosen] { chosen = RunListOwnerships; });
}

void AddOwnershipCreate(CLI::App& app, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("create", "Add a bucket: the upstream writes a challenge file into it");
  const auto bucket = AddBucket(*command);
  command->footer(
      "Examples:\n"
      "  pcapctl ownership create --bucket 's3://captures/today?region=us-east-1'\n"
      "  PCAPCTL_BUCKET='r2://captures?account-id=...&access-key-id=...&secret-access-key=...' \\\n"
      "    pcapctl ownership create\n");
  command->callback([&chosen, bucket] {
    chosen = [bucket](const Session& session) { return RunCreate(session, *bucket); };
  });
}

void AddOwnershipValidate(CLI::App& app, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("validate", "Prove that the bucket is yours, by its challenge file");
  const auto challenge = std::make_shared<std::string>();
  command
      ->add_option("challenge", *challenge, "What the file holds; - reads it from standard input")
      ->required();
  const auto bucket = AddBucket(*command);
  command->footer(
      "Examples:\n"
      "  aws s3 cp s3://captures/today/ownership-challenge-1234.txt - |\n"
      "    pcapctl ownership validate - --bucket 's3://captures/today?region=us-east-1'\n"
      "  pcapctl ownership validate 7f1e2d --bucket gs://captures/today\n"
      "Exits with 5 where the upstream does not take it for a proof.\n");
  command->callback([&chosen, bucket, challenge] {
    chosen = [bucket, challenge](const Session& session) {
      return RunValidate(session, *bucket, *challenge);
    };
  });
}

void AddOwnershipDelete(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("delete", "Forget a bucket; its files stay");
  const auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "Id of the ownership, as list shows it")->required();
  command->footer("Examples:\n  pcapctl ownership delete 9883874ecac311ec8475433579a6bf5f\n");
  command->callback(
      [&chosen, id] { chosen = [id](const Session& session) { return RunDelete(session, *id); }; });
}

}  // namespace

void AddOwnership(CLI::App& app, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("ownership", "Prove that a bucket for full captures is yours");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n"
      "  pcapctl ownership create --bucket 's3://captures/today?region=us-east-1'\n"
      "  pcapctl ownership COMMAND --help\n");
  AddOwnershipList(*command, chosen);
  AddOwnershipCreate(*command, chosen);
  AddOwnershipValidate(*command, chosen);
  AddOwnershipDelete(*command, chosen);
}

}  // namespace pcaps::pcapctl
