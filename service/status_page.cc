#include "service/status_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/base/error.h"
#include "clients/base/table.h"

namespace pcaps {
namespace {

// Of accounts, and of callers.
constexpr size_t kTop = 20;

std::string Seconds(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))), "s");
}

std::string BudgetLine(const std::string& name, const BudgetLedger::Level& level) {
  std::string line =
      absl::StrFormat("budget %s: %.0f of %.0f requests left", name, level.tokens, level.burst);
  if (level.closed_for > absl::ZeroDuration()) {
    absl::StrAppend(&line, ", closed by the upstream for ", Seconds(level.closed_for));
  }
  return line;
}

std::vector<std::string> Row(const NamedActivity& of, bool is_account) {
  std::vector<std::string> row = {CleanText(of.name), absl::StrCat(of.counts.calls),
                                  absl::StrCat(of.counts.refused), absl::StrCat(of.counts.failed)};
  if (is_account) row.insert(row.begin() + 1, absl::StrCat(of.counts.upstream_requests));
  return row;
}

// What the upstream is asked is nobody's but its account's: callers share it.
void AddAccounts(std::string& text, const std::vector<NamedActivity>& accounts) {
  std::vector<std::vector<std::string>> rows = {
      {"ACCOUNT", "UPSTREAM REQUESTS", "CALLS", "REFUSED", "FAILED"}};
  for (const NamedActivity& each : accounts) rows.push_back(Row(each, /*is_account=*/true));
  absl::StrAppend(&text,
                  "\naccounts of this replica's last 5 minutes, those first who cost the upstream "
                  "most:",
                  accounts.empty() ? " none\n" : absl::StrCat("\n", AlignColumns(rows)));
}

void AddCallers(std::string& text, const std::vector<NamedActivity>& callers) {
  std::vector<std::vector<std::string>> rows = {{"CALLER", "CALLS", "REFUSED", "FAILED"}};
  for (const NamedActivity& each : callers) rows.push_back(Row(each, /*is_account=*/false));
  absl::StrAppend(&text, "\ncallers of this replica's last 5 minutes:",
                  callers.empty() ? " none\n" : absl::StrCat("\n", AlignColumns(rows)));
}

std::string Overview(const Config& config, const Snapshot& snapshot, absl::Duration uptime) {
  const Gateway::Counts& gateway = snapshot.control.gateway;
  std::string text = absl::StrCat("pcaps-gateway " PCAPS_VERSION ", up for ",
                                  absl::FormatDuration(absl::Ceil(uptime, absl::Seconds(1))), ", ",
                                  snapshot.ready ? "ready" : "not ready", "\n");
  for (const std::string& note : NotesOf(config, snapshot)) {
    absl::StrAppend(&text, "-- ", note, "\n");
  }
  for (const auto& [name, level] : snapshot.control.budgets) {
    absl::StrAppend(&text, BudgetLine(name, level), "\n");
  }
  absl::StrAppend(&text, "budget decisions: ", snapshot.control.budget.granted,
                  " requests let go, ", snapshot.control.budget.refused_spent,
                  " refused as spent, ", snapshot.control.budget.refused_closed, " as closed\n");
  absl::StrAppend(&text, "upstream: ", snapshot.upstream_in_flight, " requests under way, ",
                  gateway.joined, " calls shared another's\n");
  absl::StrAppend(&text, "creates: ", gateway.creates.created, " created, ",
                  gateway.creates.repeated, " repeated, ", gateway.creates.refused, " refused, ",
                  gateway.creates.unknown, " unknown, ", gateway.creates.failed, " failed\n");
  absl::StrAppend(&text, "watchers: ", snapshot.control.watchers, ", the oldest answer is ",
                  Seconds(snapshot.control.oldest_answer), " old\n");
  absl::StrAppend(&text, "connections: ", snapshot.connections, "\n");
  return text;
}

}  // namespace

std::vector<std::string> NotesOf(const Config& config, const Snapshot& snapshot) {
  std::vector<std::string> notes;
  if (!config.state.redis_url.empty() && !snapshot.state_up) {
    notes.emplace_back(
        "redis: down; this replica goes by its own memory and its share of the budgets");
  }
  for (const CredentialState& credential : snapshot.credentials) {
    if (credential.rejections == 0) continue;
    notes.push_back(absl::StrCat("upstream: rejects the token of credential ", credential.name));
  }
  for (const auto& [credential, open] : snapshot.circuits_open) {
    if (!open) continue;
    notes.push_back(absl::StrCat("upstream: did not answer, the circuit of credential ", credential,
                                 " is open"));
  }
  for (const auto& [name, level] : snapshot.control.budgets) {
    if (level.closed_for <= absl::ZeroDuration()) continue;
    notes.push_back(absl::StrCat("upstream: said stop, budget ", name, " is closed for ",
                                 Seconds(level.closed_for)));
  }
  for (const auto& [what, reload] : snapshot.reloads) {
    if (!reload.failing) continue;
    notes.push_back(
        absl::StrCat("files: ", what, " cannot be read again; see reload_failed in the log"));
  }
  return notes;
}

AdminPage StatusPage(const Config& config, const Snapshot& snapshot, const Activity& activity,
                     absl::Time now, absl::Duration uptime) {
  AdminPage page;
  page.body = Overview(config, snapshot, uptime);
  AddAccounts(page.body, activity.TopAccounts(kTop, now));
  AddCallers(page.body, activity.TopCallers(kTop, now));
  return page;
}

}  // namespace pcaps
