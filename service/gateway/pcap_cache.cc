#include "service/gateway/pcap_cache.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/id.h"
#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// What is newer stays known this long even where it is not to be used, so that an answer which
// comes late does not take its place. Longer than any call.
constexpr absl::Duration kMinKept = absl::Minutes(5);
// What others say of how long an open capture is fresh is not believed above this: longer than any
// interval between polls that can be configured.
constexpr absl::Duration kMaxFreshFor = absl::Minutes(10);
// Writes under way that nobody waits for. Above it they are left out: the state is too slow, and
// what it lacks is asked for again.
constexpr int kMaxSharing = 1000;

std::string LocalKey(const CaptureKey& key) {
  return absl::StrCat(key.account_id, "/", key.pcap_id);
}
std::string LocalListKey(const std::string& account_id) { return absl::StrCat(account_id, "/"); }
std::string SharedKey(const CaptureKey& key) {
  return absl::StrCat("v1:pcap:", key.account_id, ":", key.pcap_id);
}
std::string SharedListKey(const std::string& account_id) {
  return absl::StrCat("v1:list:", account_id);
}

// These own what they are given: a coroutine that is a lambda must not capture.
Task<void> PutAway(SharedState& state, std::string key, OrderedValue value, absl::Duration ttl,
                   int& under_way) {
  (void)co_await state.PutIfNewer(std::move(key), std::move(value), ttl);
  --under_way;
}
Task<void> Send(SharedState& state, std::string message, int& under_way) {
  (void)co_await state.Publish(std::move(message));
  --under_way;
}

// Of nobody, it would stand where a list does.
bool IsSound(const Observation& seen) {
  return IsId(seen.pcap.account_id()) && IsId(seen.pcap.id());
}
bool IsSound(const state::v1::ListRecord& list) {
  if (!IsId(list.account_id())) return false;
  return std::all_of(list.pcaps().begin(), list.pcaps().end(), [&](const v1::Pcap& pcap) {
    return pcap.account_id() == list.account_id() && IsId(pcap.id());
  });
}

// Made by a write, after which nobody knows how things stand.
bool IsMarker(const Observation& seen) {
  return OrderOf(Seen(seen.pcap)).time < OrderOf(seen).time;
}

}  // namespace

absl::StatusOr<v1::Pcap> CaptureOf(const CaptureKey& key, const Remembered& known) {
  v1::Pcap pcap;
  if (!known.bytes.empty() && pcap.ParseFromString(known.bytes)) return pcap;
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND,
                   absl::StrCat("the account has no capture ", key.pcap_id));
}

PcapCache::PcapCache(Loop control, SharedState& state, Clock& clock, PcapCacheOptions options)
    : control_(control),
      state_(state),
      clock_(clock),
      options_(options),
      local_(options.max_entries),
      news_(std::move(control)) {}

void PcapCache::Listen(Listener on_newer, GapListener on_gap) {
  on_newer_ = std::move(on_newer);
  on_gap_ = std::move(on_gap);
  state_.Subscribe([this](const std::string& message) { OnMessage(message); },
                   [this] { on_gap_(); });
}

// What is known of a capture since a write to it may be newer than what the writer knew.
void PcapCache::KeepNewerState(Observation& marker) {
  const Known known = Find(KeyOf(marker));
  v1::Pcap pcap;
  if (known == nullptr || known->bytes.empty() || !pcap.ParseFromString(known->bytes)) return;
  const absl::Time observed = FromTimestamp(pcap.observed_time());
  if (observed > FromTimestamp(marker.pcap.observed_time())) marker.pcap = std::move(pcap);
}

absl::Time PcapCache::ToLocal(absl::Time fleet_time) const {
  return clock_.Now() - std::max(state_.Now() - fleet_time, absl::ZeroDuration());
}

absl::Duration PcapCache::FreshFor(const Observation& seen) const {
  if (seen.gone) return options_.not_found_ttl;
  if (seen.pcap.done()) return options_.terminal_ttl;
  if (options_.active_ttl == absl::ZeroDuration()) return absl::ZeroDuration();
  const absl::Duration told = seen.fresh_for.value_or(absl::ZeroDuration());
  return std::max(std::min(told, kMaxFreshFor), options_.active_ttl);
}

absl::Duration PcapCache::FreshFor(const state::v1::ListRecord& list) const {
  if (options_.list_ttl == absl::ZeroDuration() || list.forgotten()) return absl::ZeroDuration();
  const absl::Duration told = FromProtoDuration(list.fresh_for());
  return std::max(std::min(told, kMaxFreshFor), options_.list_ttl);
}

Known PcapCache::ToKnown(const Observation& seen) const {
  auto known = std::make_shared<Remembered>();
  known->order = OrderOf(seen);
  if (!seen.gone) known->bytes = seen.pcap.SerializeAsString();
  known->seen = ToLocal(FromTimestamp(seen.pcap.observed_time()));
  const absl::Time fresh_until = known->seen + FreshFor(seen);
  known->fresh_until = IsMarker(seen) ? absl::InfinitePast() : fresh_until;
  known->usable_until = seen.gone ? fresh_until : fresh_until + options_.stale_ttl;
  // That there is none does not stand in the way of one that comes.
  known->kept_until = known->usable_until;
  if (!seen.gone || seen.pcap.done()) {
    known->kept_until = std::max(known->usable_until, clock_.Now() + kMinKept);
  }
  return known;
}

Known PcapCache::ToKnown(const state::v1::ListRecord& list) const {
  auto known = std::make_shared<Remembered>();
  known->order = OrderOf(list);
  known->bytes = list.SerializeAsString();
  known->seen = ToLocal(FromTimestamp(list.observed_time()));
  known->fresh_until = known->seen + FreshFor(list);
  known->usable_until = known->fresh_until + options_.stale_ttl;
  if (list.forgotten()) known->fresh_until = known->usable_until = absl::InfinitePast();
  known->kept_until = std::max(known->usable_until, clock_.Now() + kMinKept);
  return known;
}

bool PcapCache::Remember(Observation& seen) {
  if (IsMarker(seen)) KeepNewerState(seen);
  return local_.PutIfNewer(LocalKey(KeyOf(seen)), ToKnown(seen), clock_.Now());
}

bool PcapCache::Remember(const state::v1::ListRecord& list) {
  return local_.PutIfNewer(LocalListKey(list.account_id()), ToKnown(list), clock_.Now());
}

Known PcapCache::Learn(const CaptureKey& key, const OrderedValue& value) {
  state::v1::CaptureRecord record;
  if (record.ParseFromString(value.value)) {
    Observation seen = FromRecord(std::move(record));
    if (KeyOf(seen) == key && OrderOf(seen) == value.order) {
      if (Remember(seen)) Tell(seen);
      return ToKnown(seen);
    }
  }
  ++corrupt_values_;
  return nullptr;
}

Known PcapCache::LearnList(const std::string& account_id, const OrderedValue& value) {
  state::v1::ListRecord list;
  if (list.ParseFromString(value.value) && list.account_id() == account_id &&
      OrderOf(list) == value.order && IsSound(list)) {
    Remember(list);
    return ToKnown(list);
  }
  ++corrupt_values_;
  return nullptr;
}

void PcapCache::Tell(const Observation& newer) {
  on_newer_(newer);
  news_.Notify();
}

void PcapCache::OnMessage(const std::string& message) {
  state::v1::Update update;
  if (!update.ParseFromString(message)) {
    ++corrupt_values_;
    return;
  }
  for (state::v1::CaptureRecord& record : *update.mutable_captures()) {
    Observation seen = FromRecord(std::move(record));
    if (!IsSound(seen)) {
      ++corrupt_values_;
    } else if (Remember(seen)) {
      Tell(seen);
    }
  }
  if (update.has_list() && IsSound(update.list())) Remember(update.list());
}

void PcapCache::Observe(std::vector<Observation> seen) {
  std::vector<Observation> newer;
  for (Observation& each : seen) {
    if (Remember(each)) newer.push_back(std::move(each));
  }
  Share(newer);
  for (const Observation& each : newer) Tell(each);
}

Known PcapCache::Observe(const Observation& seen) {
  Observe(std::vector<Observation>{seen});
  const Known newest = Find(KeyOf(seen));
  const Known own = ToKnown(seen);
  // A write since may have made all that is known old, what is older than this too.
  const bool older = newest == nullptr || (IsOutdated(*newest) && newest->seen < own->seen);
  return older ? own : newest;
}

void PcapCache::ObserveMissing(const CaptureKey& key, absl::Time began) {
  const Known known = Find(key);
  const bool was_done = known != nullptr && known->order.rank > 0;
  Observe(Missing(key, began, was_done));
}

Known PcapCache::ObserveList(const std::string& account_id, std::vector<v1::Pcap> pcaps,
                             absl::Time began, std::optional<absl::Duration> fresh_for) {
  std::vector<Observation> seen;
  for (const v1::Pcap& pcap : pcaps) {
    seen.push_back(Seen(pcap));
    seen.back().fresh_for = fresh_for;
  }
  Observe(std::move(seen));
  const state::v1::ListRecord list = ToListRecord(account_id, std::move(pcaps), began, fresh_for);
  if (Remember(list)) Share(list);
  const Known newest = FindList(account_id);
  return newest == nullptr || IsOutdated(*newest) ? ToKnown(list) : newest;
}

void PcapCache::ForgetList(const std::string& account_id) {
  state::v1::ListRecord list = ToListRecord(account_id, {}, state_.Now(), std::nullopt);
  list.set_forgotten(true);
  if (Remember(list)) Share(list);
}

void PcapCache::Share(const std::vector<Observation>& newer) {
  if (options_.alone || newer.empty()) return;
  state::v1::Update update;
  for (const Observation& each : newer) {
    *update.add_captures() = ToRecord(each);
  }
  Publish(update);
  for (int i = 0; i < update.captures_size(); ++i) {
    const Observation& each = newer[i];
    absl::Duration ttl = FreshFor(each);
    if (!each.gone) ttl += options_.stale_ttl;
    if (each.gone && each.pcap.done()) ttl = std::max(ttl, kMinKept);  // Or it would come back.
    Put(SharedKey(KeyOf(each)), {OrderOf(each), update.captures(i).SerializeAsString()}, ttl);
  }
}

void PcapCache::Share(const state::v1::ListRecord& list) {
  if (options_.alone) return;
  state::v1::Update update;
  *update.mutable_list() = list;
  Publish(update);
  Put(SharedListKey(list.account_id()), {OrderOf(list), list.SerializeAsString()},
      FreshFor(list) + options_.stale_ttl);
}

void PcapCache::Put(std::string key, OrderedValue value, absl::Duration ttl) {
  if (ttl < absl::Milliseconds(1) || !BeginSharing()) return;
  SpawnDetached(control_, PutAway(state_, std::move(key), std::move(value), ttl, sharing_));
}

void PcapCache::Publish(const state::v1::Update& update) {
  if (!BeginSharing()) return;
  SpawnDetached(control_, Send(state_, update.SerializeAsString(), sharing_));
}

bool PcapCache::BeginSharing() {
  if (!state_.up()) return false;
  if (sharing_ >= kMaxSharing) {
    ++not_shared_;
    return false;
  }
  ++sharing_;
  return true;
}

Known PcapCache::Find(const CaptureKey& key) { return local_.Find(LocalKey(key), clock_.Now()); }

Known PcapCache::FindList(const std::string& account_id) {
  return local_.Find(LocalListKey(account_id), clock_.Now());
}

Task<std::vector<Known>> PcapCache::Read(std::vector<CaptureKey> keys) {
  std::vector<Known> known(keys.size());
  if (!options_.alone) {
    std::vector<std::string> shared_keys;
    shared_keys.reserve(keys.size());
    for (const CaptureKey& key : keys) shared_keys.push_back(SharedKey(key));
    const auto values = co_await state_.GetMany(std::move(shared_keys));
    for (size_t i = 0; values.ok() && i < keys.size(); ++i) {
      const std::optional<OrderedValue>& value = (*values)[i];
      if (value.has_value()) known[i] = Learn(keys[i], *value);
    }
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const Known here = Find(keys[i]);  // As new, newer, or all there is.
    if (here != nullptr) known[i] = here;
  }
  co_return known;
}

Task<Known> PcapCache::Read(CaptureKey key) {
  std::vector<CaptureKey> keys = {std::move(key)};
  const std::vector<Known> known = co_await Read(std::move(keys));
  co_return known.front();
}

Task<Known> PcapCache::ReadList(std::string account_id) {
  Known known;
  if (!options_.alone) {
    std::vector<std::string> keys = {SharedListKey(account_id)};
    const auto values = co_await state_.GetMany(std::move(keys));
    if (values.ok() && values->front().has_value()) known = LearnList(account_id, *values->front());
  }
  const Known here = FindList(account_id);
  co_return here != nullptr ? here : known;
}

std::vector<v1::Pcap> PcapCache::CapturesOf(const std::string& account_id, const Remembered& list) {
  state::v1::ListRecord record;
  if (!record.ParseFromString(list.bytes)) return {};
  std::vector<v1::Pcap> pcaps;
  for (v1::Pcap& listed : *record.mutable_pcaps()) {
    const CaptureKey key = {account_id, listed.id()};
    const Known known = Find(key);
    const bool newer = known != nullptr && known->order > OrderOf(Seen(listed));
    if (newer && known->bytes.empty()) continue;
    if (newer) listed.ParseFromString(known->bytes);
    pcaps.push_back(std::move(listed));
  }
  return pcaps;
}

}  // namespace pcaps
