#include "service/gateway/ownerships.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "service/gateway/lost_answer.h"
#include "service/gateway/page.h"

namespace pcaps {
namespace {

constexpr absl::Duration kMinLookTime = absl::Milliseconds(1500);  // None where less is no look.

constexpr char kCreateAdvice[] =
    "list the account's ownerships: if the bucket is among them, go on with its challenge file, "
    "else create it again";
constexpr char kValidateAdvice[] =
    "list the account's ownerships: if the bucket's status is success it is proved, else validate "
    "it again";

bool IsOwnershipUnknown(const absl::Status& status) {
  return ReasonOf(status) == v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN;
}

absl::Status WithAdvice(const absl::Status& status, absl::string_view advice) {
  absl::Status advised(status.code(), absl::StrCat(status.message(), "; ", advice));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    advised.SetPayload(type_url, payload);
  });
  return advised;
}

// When to wait no longer for the answer to a POST sent now.
absl::Time AnswerDeadline(absl::Time now, absl::Time deadline) {
  const absl::Duration look_time = std::min((deadline - now) / kLookShare, kMaxLookTime);
  return look_time < kMinLookTime ? deadline : deadline - look_time;
}

std::vector<v1::Ownership> AddedSince(const std::vector<v1::Ownership>& all,
                                      const std::string& bucket, absl::Time since) {
  std::vector<v1::Ownership> added;
  for (const v1::Ownership& each : all) {
    if (BucketUriOf(each.destination_conf()) != bucket || !each.has_submit_time()) continue;
    if (FromTimestamp(each.submit_time()) >= since) added.push_back(each);
  }
  return added;
}

// The last proof of the bucket that our answer to its challenge can have brought about.
std::optional<v1::Ownership> ProvedSince(const std::vector<v1::Ownership>& all,
                                         const std::string& bucket, absl::Time since) {
  std::optional<v1::Ownership> last;
  absl::Time last_time = since;
  for (const v1::Ownership& each : all) {
    if (BucketUriOf(each.destination_conf()) != bucket) continue;
    if (each.status() != v1::Ownership::STATUS_SUCCESS || !each.has_validate_time()) continue;
    const absl::Time time = FromTimestamp(each.validate_time());
    if (time < last_time) continue;
    last = each;
    last_time = time;
  }
  return last;
}

}  // namespace

Task<absl::StatusOr<v1::ListOwnershipsResponse>> Ownerships::List(v1::ListOwnershipsRequest request,
                                                                  CallTerms terms) {
  absl::StatusOr<OwnershipList> all =
      co_await api_.ListOwnerships(request.account_id(), std::move(terms));
  if (!all.ok()) co_return all.status();
  absl::StatusOr<Page<v1::Ownership>> page = CutPage(
      std::move(all->ownerships), request.account_id(), request.page_size(), request.page_token());
  if (!page.ok()) co_return page.status();
  v1::ListOwnershipsResponse response;
  response.mutable_ownerships()->Assign(page->items.begin(), page->items.end());
  response.set_next_page_token(page->next_token);
  co_return response;
}

Task<absl::StatusOr<v1::Ownership>> Ownerships::Create(v1::CreateOwnershipRequest request,
                                                       CallTerms terms) {
  const absl::Time sent = clock_.Now();
  const std::string bucket = BucketUriOf(request.destination_conf());
  const BucketClaims::Create create =
      claims_.Begin(absl::StrCat(request.account_id(), " ", bucket), sent);
  absl::StatusOr<v1::Ownership> made =
      co_await api_.CreateOwnership(request, terms.By(AnswerDeadline(sent, terms.deadline)));
  if (IsOwnershipUnknown(made.status())) {
    Judge judge = [this, create, bucket](const auto& all, absl::Time since) {
      return claims_.Claim(create, AddedSince(all, bucket, since));
    };
    Lost lost{request.account_id(), sent, made.status(), kCreateAdvice};
    made = co_await Reconcile(std::move(lost), std::move(judge), std::move(terms));
  }
  claims_.End(create, made, clock_.Now());
  co_return made;
}

Task<absl::StatusOr<v1::Ownership>> Ownerships::Validate(v1::ValidateOwnershipRequest request,
                                                         CallTerms terms) {
  const absl::Time sent = clock_.Now();
  absl::StatusOr<v1::Ownership> validated =
      co_await api_.ValidateOwnership(request, terms.By(AnswerDeadline(sent, terms.deadline)));
  if (!IsOwnershipUnknown(validated.status())) co_return validated;
  const std::string bucket = BucketUriOf(request.destination_conf());
  Judge judge = [bucket](const auto& all, absl::Time since) {
    return ProvedSince(all, bucket, since);
  };
  Lost lost{request.account_id(), sent, validated.status(), kValidateAdvice};
  co_return co_await Reconcile(std::move(lost), std::move(judge), std::move(terms));
}

Task<absl::StatusOr<v1::DeleteOwnershipResponse>> Ownerships::Delete(
    v1::DeleteOwnershipRequest request, CallTerms terms) {
  const absl::Status deleted =
      co_await api_.DeleteOwnership(request.account_id(), request.ownership_id(), std::move(terms));
  if (!deleted.ok()) co_return deleted;
  co_return v1::DeleteOwnershipResponse();
}

Task<absl::StatusOr<v1::Ownership>> Ownerships::Reconcile(Lost lost, Judge judge, CallTerms terms) {
  const absl::Time lost_time = clock_.Now();
  for (const absl::Duration delay : kReadAfter) {
    const absl::Time read_time = lost_time + delay;
    if (read_time >= terms.deadline) break;
    while (clock_.Now() < read_time) {
      const bool cancelled = co_await Cancelled();
      if (cancelled) co_return absl::CancelledError("the caller left");
      co_await clock_.SleepUntil(read_time);
    }
    const absl::StatusOr<OwnershipList> list = co_await api_.ListOwnerships(lost.account_id, terms);
    if (!list.ok()) continue;
    const absl::Time since =
        lost.sent + list->upstream_ahead.value_or(absl::ZeroDuration()) - kClockSlack;
    std::optional<v1::Ownership> found = judge(list->ownerships, since);
    if (found.has_value()) co_return *std::move(found);
  }
  co_return WithAdvice(lost.cause, lost.advice);
}

}  // namespace pcaps
