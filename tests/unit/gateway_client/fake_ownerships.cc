#include "tests/unit/gateway_client/fake_ownerships.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "tests/unit/gateway_client/fake_gateway.h"

namespace pcaps {
namespace {

// As much as a gateway shows.
std::string WithoutParameters(const std::string& uri) { return uri.substr(0, uri.find('?')); }

grpc::Status NotFound() {
  return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_OWNERSHIP_NOT_FOUND,
                                "the account has no such bucket ownership"));
}

}  // namespace

void FakeOwnerships::FailNext(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  failures_.push_back(status);
}

void FakeOwnerships::SetPageSize(int size) {
  absl::MutexLock lock(&mutex_);
  page_size_ = size;
}

int FakeOwnerships::calls(const std::string& method) const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(std::count(calls_.begin(), calls_.end(), method));
}

std::vector<v1::CreateOwnershipRequest> FakeOwnerships::creates() const {
  absl::MutexLock lock(&mutex_);
  return creates_;
}

std::vector<v1::ValidateOwnershipRequest> FakeOwnerships::validations() const {
  absl::MutexLock lock(&mutex_);
  return validations_;
}

absl::Status FakeOwnerships::Begin(const std::string& method) {
  calls_.push_back(method);
  if (failures_.empty()) return absl::OkStatus();
  absl::Status failure = failures_.front();
  failures_.pop_front();
  return failure;
}

grpc::Status FakeOwnerships::ListOwnerships(grpc::ServerContext*,
                                            const v1::ListOwnershipsRequest* request,
                                            v1::ListOwnershipsResponse* response) {
  absl::MutexLock lock(&mutex_);
  const absl::Status failure = Begin("ListOwnerships");
  if (!failure.ok()) return ToGrpcStatus(failure);
  size_t begin = request->page_token().empty() ? 0 : std::stoul(request->page_token());
  const size_t end = std::min<size_t>(ownerships_.size(), begin + page_size_);
  for (; begin < end; ++begin) *response->add_ownerships() = ownerships_[begin];
  if (end < ownerships_.size()) response->set_next_page_token(std::to_string(end));
  return grpc::Status::OK;
}

grpc::Status FakeOwnerships::CreateOwnership(grpc::ServerContext*,
                                             const v1::CreateOwnershipRequest* request,
                                             v1::Ownership* ownership) {
  absl::MutexLock lock(&mutex_);
  creates_.push_back(*request);
  const absl::Status failure = Begin("CreateOwnership");
  if (!failure.ok()) return ToGrpcStatus(failure);
  ownership->set_id(absl::StrCat("own", ownerships_.size() + 1));
  ownership->set_destination_conf(WithoutParameters(request->destination_conf()));
  ownership->set_filename(absl::StrCat("challenge-of-", ownership->id(), ".txt"));
  ownership->set_status(v1::Ownership::STATUS_PENDING);
  ownership->mutable_submit_time()->set_seconds(1'714'564'800);
  ownerships_.push_front(*ownership);
  return grpc::Status::OK;
}

grpc::Status FakeOwnerships::ValidateOwnership(grpc::ServerContext*,
                                               const v1::ValidateOwnershipRequest* request,
                                               v1::Ownership* ownership) {
  absl::MutexLock lock(&mutex_);
  validations_.push_back(*request);
  const absl::Status failure = Begin("ValidateOwnership");
  if (!failure.ok()) return ToGrpcStatus(failure);
  const std::string bucket = WithoutParameters(request->destination_conf());
  const auto found =
      std::find_if(ownerships_.begin(), ownerships_.end(),
                   [&](const v1::Ownership& each) { return each.destination_conf() == bucket; });
  if (found == ownerships_.end()) return NotFound();
  found->set_status(request->ownership_challenge() == kChallenge ? v1::Ownership::STATUS_SUCCESS
                                                                 : v1::Ownership::STATUS_FAILED);
  *ownership = *found;
  return grpc::Status::OK;
}

grpc::Status FakeOwnerships::DeleteOwnership(grpc::ServerContext*,
                                             const v1::DeleteOwnershipRequest* request,
                                             v1::DeleteOwnershipResponse*) {
  absl::MutexLock lock(&mutex_);
  const absl::Status failure = Begin("DeleteOwnership");
  if (!failure.ok()) return ToGrpcStatus(failure);
  const auto erased = std::erase_if(
      ownerships_, [&](const v1::Ownership& each) { return each.id() == request->ownership_id(); });
  return erased == 0 ? NotFound() : grpc::Status::OK;
}

}  // namespace pcaps
