// BucketClaims: keeps two creates of one bucket apart, in this process, when the answer to one of
// them is lost: an ownership that the list shows may be the other's. On the control loop.
#pragma once

#include <pcaps/v1/ownership.pb.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pcaps {

class BucketClaims {
 public:
  // Names a create from Begin() to End().
  using Create = uint64_t;

  // A create is about to be sent. `bucket` is equal for equal buckets of an account.
  Create Begin(std::string bucket, absl::Time now);

  // The ownership `create` made, its answer lost, out of those that appeared since it was sent.
  // Nothing where that cannot be told, because none, several, or only those of other creates
  // appeared, or because another create of the bucket may have made it. Asked as often as the list
  // is read.
  std::optional<v1::Ownership> Claim(Create create, const std::vector<v1::Ownership>& appeared);

  // What came of it in the end.
  void End(Create create, const absl::StatusOr<v1::Ownership>& outcome, absl::Time now);

 private:
  struct Open {
    std::string bucket;
    bool nothing_appeared = false;  // At the last look.
    // After it ended unknown: until then what it made may still appear, and is not another's.
    absl::Time forgotten = absl::InfiniteFuture();
  };

  std::map<Create, Open> open_;
  std::deque<std::string>
      made_;  // Ids of ownerships that creates were answered with, oldest first.
  Create last_ = 0;
};

}  // namespace pcaps
