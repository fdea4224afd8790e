#include "clients/pcaps_api/credential_standing.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// The same error, details included, with a message that tells where it comes from.
absl::Status Remembered(const absl::Status& error, absl::Duration age) {
  absl::Status remembered(
      error.code(),
      absl::StrCat(std::string(error.message()), " (it said so ", absl::ToInt64Seconds(age),
                   " s ago and is not asked again yet; nothing was sent)"));
  error.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    remembered.SetPayload(type, payload);
  });
  return remembered;
}

// Whether the upstream can only have come to this after it had accepted the token, for this
// account.
bool ProvesAcceptance(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case v1::ERROR_REASON_CAPTURE_NOT_FOUND:
    case v1::ERROR_REASON_OWNERSHIP_NOT_FOUND:
    case v1::ERROR_REASON_UPSTREAM_REJECTED:
      return true;
    default:
      return status.ok();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CredentialStanding::Permit>> CredentialStanding::Admit(
    const std::string& account_id, Access access, absl::Time now) {
  auto permit = std::make_unique<Permit>(shared_from_this(), Subject(account_id, access), now);
  std::optional<Verdict> refusal;
  {
    const MutexLock lock(mutex_);
    Verdict* const account = FindForbidden(permit->subject_);
    if (token_.Refuses(now)) {
      refusal = token_;
    } else if (account != nullptr && account->Refuses(now)) {
      refusal = *account;  // And the token's probe is left to who is not refused.
    } else {
      permit->probes_token_ = TakeProbe(token_, now);
      permit->probes_account_ = account != nullptr && TakeProbe(*account, now);
    }
  }
  if (refusal.has_value()) return Remembered(refusal->error, now - refusal->heard);
  return permit;
}

// Even if nothing is ever heard of this probe, there will be another.
bool CredentialStanding::TakeProbe(Verdict& verdict, absl::Time now) const {
  if (verdict.error.ok()) return false;
  verdict.ask_again = now + options_.memory;
  return true;
}

void CredentialStanding::Record(Permit& permit, const absl::Status& status, absl::Time now) {
  std::optional<absl::Status> news;
  {
    const MutexLock lock(mutex_);
    if (ReasonOf(status) == v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED) {
      if (!std::exchange(told_rejected_, true) || token_.error.ok()) news = status;
      const bool again = permit.probes_token_ || token_.error.ok();
      token_ = {.error = status,
                .heard = now,
                .ask_again = now + options_.memory,
                .times = token_.times + (again ? 1 : 0)};
      permit.probes_token_ = false;
    } else if (ReasonOf(status) == v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN) {
      Forbid(permit, status, now);
      permit.probes_account_ = false;
    } else if (ProvesAcceptance(status)) {
      Allow(permit);
      if (token_.error.ok() && std::exchange(told_rejected_, false)) news = absl::OkStatus();
      permit.probes_token_ = false;
      permit.probes_account_ = false;
    }
  }
  if (news.has_value() && on_change_) on_change_(*news);
}

// What was not found out may be asked at once.
void CredentialStanding::Release(const Permit& permit) {
  if (!permit.probes_token_ && !permit.probes_account_) return;
  const MutexLock lock(mutex_);
  if (permit.probes_token_) token_.ask_again = absl::InfinitePast();
  Verdict* const account = FindForbidden(permit.subject_);
  if (permit.probes_account_ && account != nullptr) account->ask_again = absl::InfinitePast();
}

CredentialStanding::Verdict* CredentialStanding::FindForbidden(const Subject& subject) {
  const auto found = by_subject_.find(subject);
  return found == by_subject_.end() ? nullptr : &*found->second;
}

void CredentialStanding::Forbid(const Permit& permit, const absl::Status& error, absl::Time now) {
  const auto found = by_subject_.find(permit.subject_);
  if (found != by_subject_.end()) {
    forbidden_.erase(found->second);
  } else if (forbidden_.size() >= options_.max_forbidden) {
    by_subject_.erase(forbidden_.front().subject);
    forbidden_.pop_front();
    ++forgotten_;
  }
  forbidden_.push_back({permit.subject_, error, now, now + options_.memory});
  by_subject_[permit.subject_] = std::prev(forbidden_.end());
}

// What was under way when the verdict came says nothing against it.
void CredentialStanding::Allow(const Permit& permit) {
  if (permit.probes_token_ || permit.began_ > token_.heard) token_ = {};
  const auto found = by_subject_.find(permit.subject_);
  if (found == by_subject_.end()) return;
  if (!permit.probes_account_ && permit.began_ <= found->second->heard) return;
  forbidden_.erase(found->second);
  by_subject_.erase(found);
}

int CredentialStanding::rejections() const {
  const MutexLock lock(mutex_);
  return token_.times;
}

bool CredentialStanding::told_rejected() const {
  const MutexLock lock(mutex_);
  return told_rejected_;
}

size_t CredentialStanding::forbidden() const {
  const MutexLock lock(mutex_);
  return forbidden_.size();
}

int64_t CredentialStanding::forgotten() const {
  const MutexLock lock(mutex_);
  return forgotten_;
}

}  // namespace pcaps
