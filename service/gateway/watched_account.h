// WatchedAccount: what is known of an account's captures while somebody here watches them. What is
// unsent is a difference of versions, so watchers share one state of each capture.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/base/event.h"
#include "service/gateway/observation.h"
#include "service/state/shared_state.h"

namespace pcaps {

class Watcher;
// By number, so that they may come and go while they are told.
using Watchers = std::map<uint64_t, Watcher*>;

struct WatchedCapture {
  bool seen() const { return version > 0; }
  bool open() const { return !gone && (state == nullptr || !state->done()); }

  std::string id;
  uint64_t number = 0;   // Of the account's: later ones are higher.
  uint32_t version = 0;  // Counts what was seen to change. 0: never seen.
  bool gone = false;     // Nobody polls for it any more; who asks for it anew gets a new one.
  bool left = false;     // It went on without those who watch all: see LeaveUnlisted().
  bool to_be_told = false;
  Order order;                                    // Of the newest observation,
  absl::Time observed_at = absl::InfinitePast();  // which was made then,
  std::shared_ptr<const v1::Pcap> state;          // and showed this. Null: not seen, or gone.
  Watchers named_by;
};
using SharedCapture = std::shared_ptr<WatchedCapture>;

// On the control loop.
class WatchedAccount {
 public:
  WatchedAccount(std::string account_id, const Loop& loop)
      : id(std::move(account_id)), wake(loop) {}

  // Who watches. A watcher with names is in `named_by` of these, one without in `everything`.
  SharedCapture Add(uint64_t watcher_number, Watcher* watcher, const std::string& pcap_id);
  void Remove(uint64_t watcher_number, const SharedCapture& capture);
  void RemoveFromEverything(uint64_t watcher_number);

  // Takes what was seen unless it is older than what is known, or of no interest. Returns the
  // capture where its watchers must be told.
  SharedCapture Take(const Observation& seen);
  SharedCapture Find(const std::string& pcap_id) const;

  // Named captures never seen.
  std::set<std::string> Unseen() const;
  bool ListUnseen() const { return !everything.empty() && !listed; }
  bool HasUnseen() const;
  // What is to be polled: open captures by name, those of no list if all are watched.
  std::set<std::string> OpenIds() const;
  // Done captures that `list` has no more. They are gone, or but too old for a list of 50: only
  // asking tells, which is done once.
  std::set<std::string> Departed(const std::vector<v1::Pcap>& list) const;
  // One of those was asked for, and exists. Who watches all has been told of it, or will be, and
  // hears no more; who comes later hears nothing of it. Else snapshots would grow for ever.
  void LeaveUnlisted(const std::string& pcap_id);
  bool IsLeft(const WatchedCapture& capture) const { return unlisted.count(capture.id) > 0; }

  const std::string id;
  Watchers watchers;
  Watchers everything;                            // Those that watch the whole account.
  std::map<std::string, SharedCapture> captures;  // Watched ones by id, and by number.
  std::map<uint64_t, SharedCapture> by_number;
  // Done ones that exist though no list shows them. Nobody need hear of them again.
  std::set<std::string> unlisted;
  bool listed = false;  // `captures` holds what the upstream listed.

  absl::Time watched_since;                       // On the fleet's clock.
  absl::Time last_answer = absl::InfinitePast();  // Of the upstream, to whomever.
  absl::Duration interval;                        // Between polls, at present.
  int failures = 0;                               // Polls failed in a row, here.
  absl::Status trouble;                           // Why the last one failed, or was not allowed.
  absl::Time retry_at = absl::InfinitePast();     // Until then it is not tried again.
  bool missed_news = false;                       // The shared state is to be read.
  Event wake;                                     // Of the poller.

 private:
  void Forget(const SharedCapture& capture);

  uint64_t numbered_ = 0;
};

}  // namespace pcaps
