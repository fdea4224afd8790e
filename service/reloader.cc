#include "service/reloader.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr std::chrono::seconds kLookInterval(1);
// What changes at each look is read in the end, too.
constexpr absl::Duration kRestlessAfter = absl::Seconds(10);
// A failure that lasts is said again: whoever reads the log at night has not read it all.
constexpr absl::Duration kShoutInterval = absl::Minutes(1);

// Differs where a file has been replaced, written to, or renamed.
std::string StampOf(const std::vector<std::string>& files) {
  std::string stamp = "files";
  for (const std::string& file : files) {
    struct stat found = {};
    if (::stat(file.c_str(), &found) != 0) {
      absl::StrAppend(&stamp, " missing");
      continue;
    }
    absl::StrAppend(&stamp, " ", found.st_dev, ":", found.st_ino, ":", found.st_size, ":",
                    found.st_mtim.tv_sec, ".", found.st_mtim.tv_nsec, ":", found.st_ctim.tv_sec,
                    ".", found.st_ctim.tv_nsec);
  }
  return stamp;
}

}  // namespace

Reloader::Reloader(Log& log, std::vector<Watched> watched) : log_(log) {
  for (Watched& each : watched) states_.push_back({.watched = std::move(each)});
}

void Reloader::Start() {
  if (states_.empty()) return;
  thread_ = std::thread([this] { Run(); });
}

void Reloader::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reloader::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, kLookInterval, [this] { return stopped_; })) {
    lock.unlock();
    Look(absl::Now());
    lock.lock();
  }
}

void Reloader::Look(absl::Time now) {
  for (State& state : states_) {
    std::string stamp = StampOf(state.watched.files);
    const bool still = stamp == state.seen;
    state.seen = std::move(stamp);
    if (state.seen != state.tried) {
      state.changed = std::min(state.changed, now);
      if (still || now - state.changed >= kRestlessAfter) Reload(state, now);
    } else if (!state.failed.ok() && now - state.told >= kShoutInterval) {
      Shout(state, now);
    }
  }
}

void Reloader::Reload(State& state, absl::Time now) {
  const bool is_first = state.tried.empty();
  state.tried = state.seen;
  state.changed = absl::InfiniteFuture();
  state.failed = state.watched.reload();
  Count(state.watched.what, is_first, state.failed.ok());
  if (!state.failed.ok()) return Shout(state, now);
  if (is_first) return;
  log_.Info(
      "reloaded",
      {{"what", state.watched.what},
       {"files", boost::json::array(state.watched.files.begin(), state.watched.files.end())}});
}

void Reloader::Count(const std::string& what, bool is_first, bool ok) {
  const bool failing = std::any_of(states_.begin(), states_.end(), [&what](const State& each) {
    return each.watched.what == what && !each.failed.ok();
  });
  const std::lock_guard lock(mutex_);
  Counts& counts = counts_[what];
  counts.failing = failing;
  if (!ok) ++counts.failed;
  if (ok && !is_first) ++counts.ok;
}

Reloader::Counts Reloader::counts(const std::string& what) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(what);
  return found == counts_.end() ? Counts() : found->second;
}

void Reloader::Shout(State& state, absl::Time now) {
  state.told = now;
  log_.Error("reload_failed", {{"what", state.watched.what},
                               {"reason", CleanText(state.failed.message())},
                               {"effect", "what was read before stays in force"}});
}

}  // namespace pcaps
