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

// Where that replica has failed, another one asks soon.
constexpr absl::Duration kFleetTurnInterval = absl::Milliseconds(250);

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

absl::Status TooLate() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                   "the upstream did not answer in time");
}

absl::Status Spent() {
  return MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED,
                   "the upstream's budget is spent");
}

}  // namespace

PcapReader::PcapReader(Loop control, PcapsApi& api, PcapCache& cache, SharedState& state,
                       Clock& clock, PcapReaderOptions options)
    : control_(control),
      api_(api),
      cache_(cache),
      state_(state),
      clock_(clock),
      options_(std::move(options)),
      lookups_(control),
      fetches_(control),
      lists_(control) {}

bool PcapReader::IsFresh(const Remembered& known, std::optional<absl::Duration> max_age) const {
  if (!max_age.has_value()) return clock_.Now() < known.fresh_until;
  return !IsOutdated(known) && clock_.Now() - known.seen <= *max_age;
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

Task<PcapReader::Capture> PcapReader::Get(CaptureKey key, std::optional<absl::Duration> max_age,
                                          CallTerms terms) {
  const bool bypass = max_age == absl::ZeroDuration();
  const absl::Time asked = clock_.Now();
  std::optional<Capture> cached = Cached(key, max_age);
  if (cached.has_value()) co_return *std::move(cached);
  if (!bypass) {
    auto lookup = lookups_.FindOrStart(key, [&] { return LookUp(key); });
    const absl::StatusOr<Known> known = co_await Flight<Known>::Join(std::move(lookup));
    if (!known.ok()) co_return known.status();
    if (*known != nullptr && IsFresh(**known, max_age)) {
      co_return Answer(key, *known, CacheUse::kHit);
    }
    const Known stale = options_.is_spent(key.account_id) ? StaleOrNull(key, Spent()) : nullptr;
    if (stale != nullptr) co_return Answer(key, stale, CacheUse::kStale);
  }
  absl::StatusOr<Fetched> fetched;
  // A flight under way may have begun before we asked; the next one has not.
  for (int number = 1; number <= 2; ++number) {
    bool mine = false;
    auto flight = fetches_.FindOrStart({key, bypass}, [&] {
      mine = true;
      return Fetch(key, bypass, terms.cost);
    });
    auto landed = co_await Flight<Fetched>::JoinUntil(std::move(flight), clock_, terms.deadline);
    fetched = landed.has_value() ? *std::move(landed) : absl::StatusOr<Fetched>(TooLate());
    if (!fetched.ok() || !max_age.has_value() || (mine && fetched->ours)) break;
    if (fetched->known->seen >= asked || IsFresh(*fetched->known, max_age)) break;
  }
  if (fetched.ok()) {
    co_return Answer(key, fetched->known, bypass ? CacheUse::kBypass : CacheUse::kMiss);
  }
  const Known stale = bypass ? nullptr : StaleOrNull(key, fetched.status());
  if (stale != nullptr) co_return Answer(key, stale, CacheUse::kStale);
  co_return fetched.status();
}

Task<absl::StatusOr<Known>> PcapReader::LookUp(CaptureKey key) {
  co_return co_await cache_.Read(std::move(key));
}

namespace {

Task<void> EndFleetTurn(SharedState& state, std::string key, std::string holder) {
  (void)co_await state.CompareAndSet(std::move(key), std::move(holder), std::nullopt,
                                     kOtherReplicaPatience);
}

}  // namespace

Task<absl::StatusOr<PcapReader::Fetched>> PcapReader::Fetch(CaptureKey key, bool bypass,
                                                            std::shared_ptr<UpstreamCost> cost) {
  CallTerms terms(clock_.Now() + options_.request_timeout, std::move(cost));
  if (bypass || options_.holder.empty()) {
    co_return co_await Ask(std::move(key), std::move(terms));
  }
  const Known brought = co_await AwaitOtherReplica(key);
  if (brought != nullptr) co_return Fetched{brought, false};
  absl::StatusOr<Fetched> fetched = co_await Ask(key, std::move(terms));
  SpawnDetached(control_, EndFleetTurn(state_, FleetKey(key), options_.holder));
  co_return fetched;
}

// What another replica brings that is asking already; null where it is ours to ask.
Task<Known> PcapReader::AwaitOtherReplica(CaptureKey key) {
  const Known before = cache_.Find(key);
  const absl::Time end = clock_.Now() + kOtherReplicaPatience;
  absl::Time ask_turn = clock_.Now();
  bool waited = false;
  while (clock_.Now() < end) {
    const Known known = cache_.Find(key);
    const bool newer = known != nullptr && (before == nullptr || known->order > before->order);
    if (newer) co_return known;
    if (clock_.Now() >= ask_turn) {
      // Again and again: the other replica may have failed, or be dead.
      const bool ours = co_await TakeFleetTurn(key);
      if (ours && !waited) co_return nullptr;
      if (ours) co_return co_await NewerThan(before, std::move(key));
      waited = true;
      ask_turn = clock_.Now() + kFleetTurnInterval;
    }
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return nullptr;
    co_await clock_.WaitUntil(cache_.news(), std::min(end, ask_turn));
  }
  co_return nullptr;
}

// What the replica that had the turn before us has left in the shared state, whose news may be
// still on their way; then the turn is given back. Null where it left nothing.
Task<Known> PcapReader::NewerThan(Known before, CaptureKey key) {
  const Known known = co_await cache_.Read(key);
  const bool newer = known != nullptr && (before == nullptr || known->order > before->order);
  if (!newer) co_return nullptr;
  SpawnDetached(control_, EndFleetTurn(state_, FleetKey(key), options_.holder));
  co_return known;
}

// Also where nobody can say whose it is.
Task<bool> PcapReader::TakeFleetTurn(CaptureKey key) {
  const auto turn = co_await state_.CompareAndSet(FleetKey(key), std::nullopt, options_.holder,
                                                  kOtherReplicaPatience);
  co_return !turn.ok() || turn->swapped || turn->current == options_.holder;
}

Task<absl::StatusOr<PcapReader::Fetched>> PcapReader::Ask(CaptureKey key, CallTerms terms) {
  const absl::Time began = state_.Now();
  absl::StatusOr<v1::Pcap> pcap =
      co_await api_.GetPcap(key.account_id, key.pcap_id, std::move(terms));
  if (pcap.ok()) co_return Fetched{cache_.Observe(Seen(*std::move(pcap)))};
  if (ReasonOf(pcap.status()) == v1::ERROR_REASON_CAPTURE_NOT_FOUND) {
    (void)co_await cache_.Read(key);  // Somebody may know it as done.
    cache_.ObserveMissing(key, began);
  }
  co_return pcap.status();
}

Task<absl::StatusOr<Served<std::vector<v1::Pcap>>>> PcapReader::List(std::string account_id,
                                                                     CallTerms terms) {
  const auto answer = [&](const Remembered& list, CacheUse use) {
    const absl::Duration age = std::max(clock_.Now() - list.seen, absl::ZeroDuration());
    return Served<std::vector<v1::Pcap>>{cache_.CapturesOf(account_id, list), use, age};
  };
  const absl::Time asked = clock_.Now();
  Known known = cache_.FindList(account_id);
  if (known == nullptr || !IsFresh(*known, std::nullopt)) {
    known = co_await cache_.ReadList(account_id);
  }
  if (known != nullptr && IsFresh(*known, std::nullopt)) co_return answer(*known, CacheUse::kHit);
  absl::StatusOr<Known> fetched;
  // A flight under way may have begun before a write of ours; the next one has not.
  for (int number = 1; number <= 2; ++number) {
    bool mine = false;
    auto flight = lists_.FindOrStart(account_id, [&] {
      mine = true;
      return FetchList(account_id, terms.cost);
    });
    auto landed = co_await Flight<Known>::JoinUntil(std::move(flight), clock_, terms.deadline);
    fetched = landed.has_value() ? *std::move(landed) : absl::StatusOr<Known>(TooLate());
    if (mine || !fetched.ok() || (*fetched)->seen >= asked) break;
    known = cache_.FindList(account_id);
    if (known == nullptr || known->order <= (*fetched)->order) break;  // Nothing has overtaken it.
  }
  if (fetched.ok()) co_return answer(**fetched, CacheUse::kMiss);
  known = cache_.FindList(account_id);
  const bool usable = known != nullptr && clock_.Now() < known->usable_until;
  if (usable && AllowsStale(fetched.status())) co_return answer(*known, CacheUse::kStale);
  co_return fetched.status();
}

Task<absl::StatusOr<Known>> PcapReader::FetchList(std::string account_id,
                                                  std::shared_ptr<UpstreamCost> cost) {
  const absl::Time began = state_.Now();
  CallTerms terms(clock_.Now() + options_.request_timeout, std::move(cost));
  absl::StatusOr<std::vector<v1::Pcap>> list =
      co_await api_.ListPcaps(account_id, std::move(terms));
  if (!list.ok()) co_return list.status();
  co_return cache_.ObserveList(account_id, *std::move(list), began);
}

}  // namespace pcaps
