#include "service/gateway/observation.h"

#include <utility>

#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// Ranks of Order.
constexpr int kOpen = 0;
constexpr int kDone = 1;
constexpr int kGone = 2;  // After it was done.

// As exact as an Order is.
absl::Time ToMicros(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

}  // namespace

Observation Seen(v1::Pcap pcap) {
  Observation seen;
  seen.not_before = FromTimestamp(pcap.observed_time());
  seen.pcap = std::move(pcap);
  return seen;
}

Observation Missing(const CaptureKey& key, absl::Time began, bool was_done) {
  Observation seen;
  seen.gone = true;
  seen.not_before = began;
  seen.pcap.set_account_id(key.account_id);
  seen.pcap.set_id(key.pcap_id);
  seen.pcap.set_done(was_done);
  *seen.pcap.mutable_observed_time() = ToTimestamp(began);
  return seen;
}

CaptureKey KeyOf(const Observation& seen) { return {seen.pcap.account_id(), seen.pcap.id()}; }

Order OrderOf(const Observation& seen) {
  int rank = seen.pcap.done() ? kDone : kOpen;
  if (seen.gone && seen.pcap.done()) rank = kGone;
  return {rank, ToMicros(seen.not_before)};
}

state::v1::CaptureRecord ToRecord(const Observation& seen) {
  state::v1::CaptureRecord record;
  *record.mutable_pcap() = seen.pcap;
  record.set_gone(seen.gone);
  if (seen.fresh_for.has_value()) *record.mutable_fresh_for() = ToProtoDuration(*seen.fresh_for);
  *record.mutable_not_before() = ToTimestamp(ToMicros(seen.not_before));
  return record;
}

Observation FromRecord(state::v1::CaptureRecord record) {
  Observation seen;
  seen.gone = record.gone();
  if (record.has_fresh_for()) seen.fresh_for = FromProtoDuration(record.fresh_for());
  seen.not_before =
      FromTimestamp(record.has_not_before() ? record.not_before() : record.pcap().observed_time());
  seen.pcap = std::move(*record.mutable_pcap());
  return seen;
}

state::v1::ListRecord ToListRecord(const std::string& account_id, std::vector<v1::Pcap> pcaps,
                                   absl::Time began, std::optional<absl::Duration> fresh_for) {
  state::v1::ListRecord list;
  list.set_account_id(account_id);
  *list.mutable_observed_time() = ToTimestamp(ToMicros(began));
  if (fresh_for.has_value()) *list.mutable_fresh_for() = ToProtoDuration(*fresh_for);
  for (v1::Pcap& pcap : pcaps) *list.add_pcaps() = std::move(pcap);
  return list;
}

Order OrderOf(const state::v1::ListRecord& list) {
  return {kOpen, ToMicros(FromTimestamp(list.observed_time()))};
}

}  // namespace pcaps
