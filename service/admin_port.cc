#include "service/admin_port.h"

#include <utility>

#include "service/config_text.h"

namespace pcaps {
namespace {

// What the control loop does at a time takes a few milliseconds. After that the pages show what it
// last said.
constexpr absl::Duration kControlPatience = absl::Milliseconds(500);
constexpr char kPrometheusText[] = "text/plain; version=0.0.4; charset=utf-8";

// These own what they are given: a coroutine that is a lambda must not capture.
Task<AdminPage> Now(AdminPage page) { co_return page; }

}  // namespace

AdminPort::AdminPort(AdminSources sources)
    : sources_(std::move(sources)),
      started_(sources_.clock.Now()),
      control_(sources_.loops.at("control"), sources_.read_control, sources_.clock),
      health_(sources_.loops, sources_.clock),
      server_(loop_.executor(), Pages()) {}

absl::StatusOr<std::string> AdminPort::Start() {
  SpawnDetached(loop_.executor(), health_.Run());
  return server_.Start(sources_.config.admin_listen);
}

AdminPages AdminPort::Pages() {
  return {
      {"/metrics", [this](const AdminRequest&) { return MetricsPage(); }},
      {"/healthz", [this](const AdminRequest&) { return Now(HealthPage(health_.HangingLoops())); }},
      {"/readyz", [this](const AdminRequest&) { return ReadyPage(); }},
      {"/statusz", [this](const AdminRequest&) { return StatusPage(); }},
      {"/configz",
       [this](const AdminRequest&) {
         return Now({.content_type = "application/yaml", .body = ConfigText(sources_.config)});
       }},
  };
}

Task<Snapshot> AdminPort::Read() {
  Snapshot snapshot = sources_.read_others();
  snapshot.control = co_await control_.Read(kControlPatience);
  snapshot.ready = ReadinessWith({}).ready();
  co_return snapshot;
}

Readiness AdminPort::ReadinessWith(std::vector<std::string> notes) const {
  return {phase_, health_.HangingLoops(), std::move(notes)};
}

Task<AdminPage> AdminPort::MetricsPage() {
  const Snapshot snapshot = co_await Read();
  co_return AdminPage{.content_type = kPrometheusText, .body = sources_.metrics.Scrape(snapshot)};
}

Task<AdminPage> AdminPort::ReadyPage() {
  const Snapshot snapshot = co_await Read();
  co_return pcaps::ReadyPage(ReadinessWith(NotesOf(sources_.config, snapshot)));
}

Task<AdminPage> AdminPort::StatusPage() {
  const Snapshot snapshot = co_await Read();
  const absl::Time now = sources_.clock.Now();
  co_return pcaps::StatusPage(sources_.config, snapshot, sources_.activity, now, now - started_);
}

}  // namespace pcaps
