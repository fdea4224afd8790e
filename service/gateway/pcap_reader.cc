#include "service/gateway/pcap_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// A replica that asks for a capture is waited for this long by the others: longer than the upstream
// usually takes, and not so long that its death is felt.
constexpr absl::Duration kOtherReplicaPatience = absl::Seconds(2);

std::string FleetKey(const CaptureKey& key) {
  return absl::StrCat("v1:read:", key.account_id, ":", key.pcap_id);
}

// Trouble of the upstream, or with asking it. Not what it says of the capture or of our rights.
bool AllowsStale(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case v1::ERROR_REASON_UPSTREAM_UNAVAILABLE:
    case v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE:
    case v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED:
    case v1::ERROR_REASON_UPSTREAM_RATE_LIMITED:
    case v1::ERROR_REASON_OVERLOADED:
      return true;
    default:
      return false;
  }
}

}  // namespace

PcapReader::PcapReader(Loop control, PcapsApi& api, PcapCache& cache, SharedState& state,
                       Clock& clock, PcapReaderOptions options)
    : api_(api),
      cache_(cache),
      state_(state),
      clock_(clock),
      options_(std::move(options)),
      lookups_(control),
      fetches_(control),
      lists_(control) {}

bool PcapReader::IsFresh(const Remembered& known, std::optional<absl::Duration> max_age) const {
  const bool outdated = known.fresh_until == absl::InfinitePast();
  if (!max_age.has_value()) return clock_.Now() < known.fresh_until;
  return !outdated && clock_.Now() - known.seen <= *max_age;
}

PcapReader::Capture PcapReader::Answer(const CaptureKey& key, const Known& known,
                                       CacheUse use) const {
  absl::StatusOr<v1::Pcap> pcap = CaptureOf(key, *known);
  if (!pcap.ok()) return pcap.status();
  const absl::Duration age = std::max(clock_.Now() - known->seen, absl::ZeroDuration());
  return Served<v1::Pcap>{*std::move(pcap), use, age};
}

std::optional<PcapReader::Capture> PcapReader::Cached(const CaptureKey& key,
                                                      std::optional<absl::Duration> max_age) {
  if (max_age == absl::ZeroDuration()) return std::nullopt;
  const Known known = cache_.Find(key);
  if (known == nullptr || !IsFresh(*known, max_age)) return std::nullopt;
  return Answer(key, known, CacheUse::kHit);
}

Known PcapReader::StaleOrNull(const CaptureKey& key, const absl::Status& trouble) {
  if (!AllowsStale(trouble)) return nullptr;
  const Known known = cache_.Find(key);
  const bool usable =
      known != nullptr && !known->bytes.empty() && clock_.Now() < known->usable_until;
  return usable ? known : nullptr;
}

Task<PcapReader::Capture> PcapReader::Get(CaptureKey key, std::optional<absl::Duration> max_age) {
  const bool bypass = max_age == absl::ZeroDuration();
  const absl::Time asked = clock_.Now();
  if (!bypass) {
    Task<absl::StatusOr<Known>> looking_up = lookups_.Join(key, [&] { return LookUp(key); });
    const absl::StatusOr<Known> known = co_await std::move(looking_up);
    if (!known.ok()) co_return known.status();
    if (*known != nullptr && IsFresh(**known, max_age)) {
      co_return Answer(key, *known, CacheUse::kHit);
    }
    if (options_.is_spent(key.account_id)) {
      const auto spent =
          MakeError(absl::StatusCode::kResourceExhausted,
                    v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED, "the upstream's budget is spent");
      const Known stale = StaleOrNull(key, spent);
      if (stale != nullptr) co_return Answer(key, stale, CacheUse::kStale);
    }
  }
  absl::StatusOr<Known> fetched;
  // A flight under way may have begun before we asked; the next one has not.
  for (int flight = 1; flight <= 2; ++flight) {
    bool mine = false;
    Task<absl::StatusOr<Known>> fetching = fetches_.Join({key, bypass}, [&] {
      mine = true;
      return Fetch(key, bypass);
    });
    fetched = co_await std::move(fetching);
    if (mine || !fetched.ok()) break;
    if ((*fetched)->seen >= asked || IsFresh(**fetched, max_age)) break;
  }
  if (fetched.ok()) {
    co_return Answer(key, *fetched, bypass ? CacheUse::kBypass : CacheUse::kMiss);
  }
  const Known stale = bypass ? nullptr : StaleOrNull(key, fetched.status());
  if (stale != nullptr) co_return Answer(key, stale, CacheUse::kStale);
  co_return fetched.status();
}

Task<absl::StatusOr<Known>> PcapReader::LookUp(CaptureKey key) {
  co_return co_await cache_.Read(std::move(key));
}

Task<absl::StatusOr<Known>> PcapReader::Fetch(CaptureKey key, bool bypass) {
  if (bypass || options_.holder.empty()) co_return co_await Ask(std::move(key));
  const Known brought = co_await AwaitOtherReplica(key);
  if (brought != nullptr) co_return brought;
  absl::StatusOr<Known> known = co_await Ask(key);
  (void)co_await state_.CompareAndSet(FleetKey(key), options_.holder, std::nullopt,
                                      kOtherReplicaPatience);
  co_return known;
}

// What another replica brings that is asking already; null where it is ours to ask.
Task<Known> PcapReader::AwaitOtherReplica(CaptureKey key) {
  const auto turn = co_await state_.CompareAndSet(FleetKey(key), std::nullopt, options_.holder,
                                                  kOtherReplicaPatience);
  if (!turn.ok() || turn->swapped) co_return nullptr;
  const absl::Time until = clock_.Now() + kOtherReplicaPatience;
  while (clock_.Now() < until) {
    const Known known = cache_.Find(key);
    if (known != nullptr && IsFresh(*known, std::nullopt)) co_return known;
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return nullptr;
    co_await clock_.WaitUntil(cache_.news(), until);
  }
  co_return nullptr;
}

Task<absl::StatusOr<Known>> PcapReader::Ask(CaptureKey key) {
  const absl::Time began = state_.Now();
  const absl::Time deadline = clock_.Now() + options_.request_timeout;
  absl::StatusOr<v1::Pcap> pcap = co_await api_.GetPcap(key.account_id, key.pcap_id, deadline);
  if (pcap.ok()) co_return cache_.Observe(Seen(*std::move(pcap)));
  if (ReasonOf(pcap.status()) == v1::ERROR_REASON_CAPTURE_NOT_FOUND) {
    cache_.ObserveMissing(key, began);
  }
  co_return pcap.status();
}

Task<absl::StatusOr<Served<std::vector<v1::Pcap>>>> PcapReader::List(std::string account_id) {
  const auto answer = [&](const Remembered& list, CacheUse use) {
    const absl::Duration age = std::max(clock_.Now() - list.seen, absl::ZeroDuration());
    return Served<std::vector<v1::Pcap>>{cache_.CapturesOf(account_id, list), use, age};
  };
  Known known = cache_.FindList(account_id);
  if (known == nullptr || !IsFresh(*known, std::nullopt)) {
    known = co_await cache_.ReadList(account_id);
  }
  if (known != nullptr && IsFresh(*known, std::nullopt)) co_return answer(*known, CacheUse::kHit);
  Task<absl::StatusOr<Known>> fetching =
      lists_.Join(account_id, [&] { return FetchList(account_id); });
  const absl::StatusOr<Known> fetched = co_await std::move(fetching);
  if (fetched.ok()) co_return answer(**fetched, CacheUse::kMiss);
  known = cache_.FindList(account_id);
  const bool usable = known != nullptr && clock_.Now() < known->usable_until;
  if (usable && AllowsStale(fetched.status())) co_return answer(*known, CacheUse::kStale);
  co_return fetched.status();
}

Task<absl::StatusOr<Known>> PcapReader::FetchList(std::string account_id) {
  const absl::Time began = state_.Now();
  const absl::Time deadline = clock_.Now() + options_.request_timeout;
  absl::StatusOr<std::vector<v1::Pcap>> list = co_await api_.ListPcaps(account_id, deadline);
  if (!list.ok()) co_return list.status();
  co_return cache_.ObserveList(account_id, *std::move(list), began);
}

}  // namespace pcaps
