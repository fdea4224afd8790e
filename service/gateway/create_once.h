// CreateOnce: a creation named by a request_id happens once, however often it is asked for.
// Remembers in this process's memory. On the control loop.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/base/flight.h"
#include "clients/base/task.h"

namespace pcaps {

class CreateOnce {
 public:
  using Create = std::function<Task<absl::StatusOr<v1::Pcap>>(v1::CreatePcapRequest)>;

  // `create` sends one POST at most and bounds itself in time; it runs on its own, whatever its
  // callers do. Remembers the last `max_records` named creations.
  CreateOnce(Loop loop, Create create, size_t max_records = 10000);

  // The capture this request_id created, or creates now. A failure that surely created nothing is
  // forgotten; one that may have (ABORTED) is the answer from then on.
  // INVALID_ARGUMENT/REQUEST_ID_REUSED for other parameters.
  Task<absl::StatusOr<v1::Pcap>> Run(v1::CreatePcapRequest request);

 private:
  struct Record {
    std::string fingerprint;
    std::shared_ptr<Flight<v1::Pcap>> flight;
  };

  void Landed(const std::string& key, const absl::Status& status);

  const Loop loop_;
  const Create create_;
  const size_t max_records_;
  std::map<std::string, Record> records_;
  std::deque<std::string> oldest_first_;  // Keys of landed records.
};

}  // namespace pcaps
