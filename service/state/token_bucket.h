// TokenBucket: what is remembered of one bucket, and the arithmetic of taking from it. The Lua
// scripts of RedisState do the same, to the microsecond.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "service/state/shared_state.h"

namespace pcaps {

// Another asker who asked no longer ago than this contests a bucket.
constexpr absl::Duration kContestedFor = absl::Seconds(2);
// How long a bucket is remembered after it is full and open: forgotten, it would start with
// `initial` tokens again.
constexpr absl::Duration kBucketMemory = absl::Hours(6);
// The same, of one that starts full: it is forgotten without loss.
constexpr absl::Duration kFullBucketMemory = absl::Seconds(10);
// No closing or hold lasts longer, whatever is asked for: the upstream's own window.
constexpr absl::Duration kMaxClosing = absl::Minutes(5);
// Holds that end this close to each other are of one window of the upstream's.
constexpr absl::Duration kSameWindow = absl::Seconds(10);

// A plain value, used by one thread at a time. Times are of the fleet's clock.
class TokenBucket {
 public:
  // What a take of it could get.
  struct Offer {
    double tokens = 0;        // Above the reserve. Below one: nothing.
    absl::Time ready;         // When one token may be had; not later than now where it may be.
    bool closed = false;      // Until `ready`.
    bool probe = false;       // Only as the one try after a closing.
    absl::Time closed_until;  // Of either: the closing's own end.
  };
  // Remembers the bucket from now on, with its initial tokens where it was not remembered.
  Offer Look(const Bucket& bucket, double reserve, absl::Time now);
  // Its tokens; none while it is closed.
  double Left(const Bucket& bucket, absl::Time now);
  // Takes what Look() offered, or less.
  void Charge(const Bucket& bucket, double tokens, absl::Time now);
  // Nobody else gets the probe that Look() offered.
  void BeginProbe(absl::Time now);

  // Notes who asks. True where somebody else asked lately.
  bool NoteAsker(const std::string& asker, absl::Time now);

  void Close(absl::Time until, absl::Time now);
  void Reopen(const Bucket& bucket, absl::Time now);
  void Hold(double tokens, absl::Time until, absl::Time now);

  // When it may be forgotten. `starts_full`: a forgotten one is as good as a full one.
  absl::Time forgettable(bool starts_full, absl::Time now) const;

 private:
  struct Asker {
    std::string name;
    int64_t at = 0;
  };

  // Where the clock was set back, nothing lasts longer than it may.
  void Settle(absl::Time now);

  // Microseconds since 1970. 0: none.
  int64_t full_at_ = 0;  // 0: not remembered yet.
  int64_t closed_until_ = 0;
  int64_t probe_until_ = 0;
  int64_t held_until_ = 0;
  double held_tokens_ = 0;
  Asker last_asker_;
  Asker other_asker_;  // The last one but for `last_asker_`.
};

// Takes from all buckets of the request, which differ, or from none. `find` gives what is
// remembered of the bucket of a key, or a new one that is remembered from now on.
TakeResult TakeFrom(const TakeRequest& request, absl::Time now,
                    const std::function<TokenBucket&(const std::string& key)>& find);

}  // namespace pcaps
