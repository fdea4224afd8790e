#include "service/state/metered_state.h"

#include <utility>

namespace pcaps {
namespace {

bool IsOk(const absl::Status& status) { return status.ok(); }
template <typename T>
bool IsOk(const absl::StatusOr<T>& answer) {
  return answer.ok();
}

}  // namespace

absl::string_view StateCommandName(StateCommand command) {
  switch (command) {
    case StateCommand::kGetMany:
      return "get_many";
    case StateCommand::kPutIfNewer:
      return "put_if_newer";
    case StateCommand::kGet:
      return "get";
    case StateCommand::kCompareAndSet:
      return "compare_and_set";
    case StateCommand::kTake:
      return "take";
    case StateCommand::kClose:
      return "close";
    case StateCommand::kReopen:
      return "reopen";
    case StateCommand::kHold:
      return "hold";
    case StateCommand::kTakePollTurn:
      return "take_poll_turn";
    case StateCommand::kGivePollTurn:
      return "give_poll_turn";
    case StateCommand::kPublish:
      break;
  }
  return "publish";
}

template <typename Answer>
Task<Answer> MeteredState::Timed(StateCommand command, Task<Answer> call) {
  const absl::Time begin = clock_.Now();
  Answer answer = co_await std::move(call);
  observer_(command, clock_.Now() - begin, IsOk(answer));
  co_return answer;
}

Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> MeteredState::GetMany(
    std::vector<std::string> keys) {
  return Timed(StateCommand::kGetMany, state_->GetMany(std::move(keys)));
}

Task<absl::StatusOr<bool>> MeteredState::PutIfNewer(std::string key, OrderedValue value,
                                                    absl::Duration ttl) {
  return Timed(StateCommand::kPutIfNewer,
               state_->PutIfNewer(std::move(key), std::move(value), ttl));
}

Task<absl::StatusOr<std::optional<std::string>>> MeteredState::Get(std::string key) {
  return Timed(StateCommand::kGet, state_->Get(std::move(key)));
}

Task<absl::StatusOr<CasResult>> MeteredState::CompareAndSet(std::string key,
                                                            std::optional<std::string> expected,
                                                            std::optional<std::string> desired,
                                                            absl::Duration ttl) {
  return Timed(StateCommand::kCompareAndSet,
               state_->CompareAndSet(std::move(key), std::move(expected), std::move(desired), ttl));
}

Task<absl::StatusOr<TakeResult>> MeteredState::Take(TakeRequest request) {
  return Timed(StateCommand::kTake, state_->Take(std::move(request)));
}

Task<absl::Status> MeteredState::Close(std::string bucket_key, absl::Time until) {
  return Timed(StateCommand::kClose, state_->Close(std::move(bucket_key), until));
}

Task<absl::Status> MeteredState::Reopen(Bucket bucket) {
  return Timed(StateCommand::kReopen, state_->Reopen(std::move(bucket)));
}

Task<absl::Status> MeteredState::Hold(std::string bucket_key, double tokens, absl::Time until) {
  return Timed(StateCommand::kHold, state_->Hold(std::move(bucket_key), tokens, until));
}

Task<absl::StatusOr<PollTurn>> MeteredState::TakePollTurn(std::string account_id,
                                                          std::string holder,
                                                          std::set<std::string> ids,
                                                          absl::Duration ttl) {
  return Timed(StateCommand::kTakePollTurn,
               state_->TakePollTurn(std::move(account_id), std::move(holder), std::move(ids), ttl));
}

Task<absl::Status> MeteredState::GivePollTurn(std::string account_id, std::string holder) {
  return Timed(StateCommand::kGivePollTurn,
               state_->GivePollTurn(std::move(account_id), std::move(holder)));
}

Task<absl::Status> MeteredState::Publish(std::string message) {
  return Timed(StateCommand::kPublish, state_->Publish(std::move(message)));
}

}  // namespace pcaps
