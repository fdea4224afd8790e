// The page for people: what goes on, and who is busy. No secret is in it, but names of accounts and
// callers are.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/admin/admin_page.h"
#include "service/config.h"
#include "service/metrics/snapshot.h"
#include "service/telemetry/activity.h"

namespace pcaps {

// What is wrong, and is no reason to send callers elsewhere. One line each.
std::vector<std::string> NotesOf(const Config& config, const Snapshot& snapshot);

// `uptime`: since the gateway has begun.
AdminPage StatusPage(const Config& config, const Snapshot& snapshot, const Activity& activity,
                     absl::Time now, absl::Duration uptime);

}  // namespace pcaps
