// SharedState: what the replicas of a fleet share: newest values, records that change hands, token
// buckets, poll turns, news. MemoryState keeps it in this process, RedisState in a Redis.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/task.h"

namespace pcaps {

// Which of two observations of one thing counts: the higher rank, and of equal ranks the later.
struct Order {
  int rank = 0;     // 0 to 9.
  absl::Time time;  // On the fleet's clock, to the microsecond.
  std::strong_ordering operator<=>(const Order&) const = default;
};

struct OrderedValue {
  Order order;
  std::string value;
};

// A token bucket as all replicas agree on it.
struct Bucket {
  std::string key;
  double tokens_per_second = 0;  // Above 0.
  double burst = 0;              // Tokens it holds when full: 1 or more.
  double initial = 0;            // Tokens it starts with where nobody remembers it.
};

// One of the buckets that a take is from.
struct BucketUse {
  Bucket bucket;
  double reserve = 0;  // Tokens that the take must leave for others.
  // Binds, and is charged, only while somebody else than the asker asks for the first bucket too.
  bool only_contested = false;
};

struct TakeRequest {
  std::vector<BucketUse> uses;  // At least one. The take is from all of them, or from none.
  double want = 1;              // Tokens: this many are granted, or fewer, but not less than one.
  std::string asker;            // For `only_contested`.
};

// Of a bucket that is closed, or was and has not been reopened.
struct BucketClosing {
  std::string key;
  absl::Time until;  // Its own end: where that is past, a probe's outcome is waited for.
};

struct TakeResult {
  double granted = 0;          // Tokens. 0: refused.
  absl::Time now;              // On the fleet's clock.
  absl::Duration retry_after;  // After which a refused take of one token may be granted.
  double left = 0;             // Tokens of the first bucket, now. 0 while it is closed.
  bool closed = false;         // Refused because a bucket is closed.
  bool probe = false;  // Granted as the one try of buckets whose closings are over: Reopen() them,
                       // or Close() them again. Nobody else is granted anything from them for
                       // kProbePatience.
  std::vector<BucketClosing> closings;  // Of buckets of the take; of a probe: what it tries.
};

struct CasResult {
  bool swapped = false;
  std::optional<std::string> current;  // What the key holds now.
};

// Among the ids of a poll turn: whatever the account has.
inline constexpr char kEveryCapture[] = "*";

struct PollTurn {
  bool mine = false;
  std::set<std::string> ids;  // What all replicas want polled.
};

// All on the control loop but for Now() and up(), which any thread may call. Every call returns
// within the command timeout, or twice that where Redis has forgotten its script.
//
// Errors of all: UNAVAILABLE where the state cannot be asked, or did not answer in time, when it is
// not known whether it did what it was asked; others where it refuses, as a full Redis does.
// Whoever gets one goes on without, or promises nothing.
class SharedState {
 public:
  virtual ~SharedState() = default;

  // The values as PutIfNewer left them; nullopt where there is none, or none that is ours.
  virtual Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> GetMany(
      std::vector<std::string> keys) = 0;

  // Puts the value unless there is one whose order is not lower. True where it was put.
  virtual Task<absl::StatusOr<bool>> PutIfNewer(std::string key, OrderedValue value,
                                                absl::Duration ttl) = 0;

  // A record as CompareAndSet left it.
  virtual Task<absl::StatusOr<std::optional<std::string>>> Get(std::string key) = 0;

  // Replaces `expected` (nullopt: no record) by `desired` (nullopt: removes it) for `ttl`.
  virtual Task<absl::StatusOr<CasResult>> CompareAndSet(std::string key,
                                                        std::optional<std::string> expected,
                                                        std::optional<std::string> desired,
                                                        absl::Duration ttl) = 0;

  virtual Task<absl::StatusOr<TakeResult>> Take(TakeRequest request) = 0;

  // Nothing is granted from the bucket until `until` (the later one, of several closings), and then
  // one probe.
  virtual Task<absl::Status> Close(std::string bucket_key, absl::Time until) = 0;
  // Ends a closing that is over; the bucket is empty then. One that came since the probe stays.
  virtual Task<absl::Status> Reopen(Bucket bucket) = 0;
  // No more than `tokens` are granted from the bucket until `until`, whatever it holds. The newest
  // call counts; of calls that end within kSameWindow of each other the lowest, since answers
  // overlap.
  virtual Task<absl::Status> Hold(std::string bucket_key, double tokens, absl::Time until) = 0;

  // Asks for the turn to poll an account, which `holder` then has, or keeps, for `ttl`; and notes
  // for as long that it wants `ids` polled.
  virtual Task<absl::StatusOr<PollTurn>> TakePollTurn(std::string account_id, std::string holder,
                                                      std::set<std::string> ids,
                                                      absl::Duration ttl) = 0;
  // Gives the turn up, where `holder` has it.
  virtual Task<absl::Status> GivePollTurn(std::string account_id, std::string holder) = 0;

  // Tells all replicas, this one too. A message can be lost: when the state was, or is slow.
  virtual Task<absl::Status> Publish(std::string message) = 0;
  // `on_message` is called for every message, `on_gap` when some may have been lost, and when
  // listening begins. Call once; both must work as long as the state lives.
  virtual void Subscribe(std::function<void(std::string message)> on_message,
                         std::function<void()> on_gap) = 0;

  // The fleet's clock: that of Redis, as far as this process knows it.
  virtual absl::Time Now() const = 0;
  // False while calls fail unasked.
  virtual bool up() const = 0;
};

// How long a probe's outcome is waited for before another one is granted: a request's own time.
constexpr absl::Duration kProbePatience = absl::Seconds(20);

}  // namespace pcaps
