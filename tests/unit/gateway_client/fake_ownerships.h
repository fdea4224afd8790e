// FakeOwnerships: a small honest pcaps.v1.OwnershipService, which fails only where a test says so.
#pragma once

#include <grpcpp/grpcpp.h>
#include <pcaps/v1/ownership.grpc.pb.h>

#include <deque>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace pcaps {

class FakeOwnerships : public v1::OwnershipService::Service {
 public:
  // What proves every bucket.
  static constexpr char kChallenge[] = "challenge\n1";

  // Used up by one call; then calls are honest again.
  void FailNext(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetPageSize(int size) ABSL_LOCKS_EXCLUDED(mutex_);

  // Calls that came, failed ones too, by method.
  int calls(const std::string& method) const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<v1::CreateOwnershipRequest> creates() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<v1::ValidateOwnershipRequest> validations() const ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status ListOwnerships(grpc::ServerContext* context,
                              const v1::ListOwnershipsRequest* request,
                              v1::ListOwnershipsResponse* response) override;
  grpc::Status CreateOwnership(grpc::ServerContext* context,
                               const v1::CreateOwnershipRequest* request,
                               v1::Ownership* ownership) override;
  grpc::Status ValidateOwnership(grpc::ServerContext* context,
                                 const v1::ValidateOwnershipRequest* request,
                                 v1::Ownership* ownership) override;
  grpc::Status DeleteOwnership(grpc::ServerContext* context,
                               const v1::DeleteOwnershipRequest* request,
                               v1::DeleteOwnershipResponse* response) override;

 private:
  // Counts the call; the error scripted for it.
  absl::Status Begin(const std::string& method) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::deque<v1::Ownership> ownerships_ ABSL_GUARDED_BY(mutex_);  // Newest first.
  std::deque<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::CreateOwnershipRequest> creates_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::ValidateOwnershipRequest> validations_ ABSL_GUARDED_BY(mutex_);
  int page_size_ ABSL_GUARDED_BY(mutex_) = 1000;
};

}  // namespace pcaps
