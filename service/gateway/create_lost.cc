#include "service/gateway/create_lost.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>
#include <vector>

#include "clients/base/proto_time.h"
#include "service/gateway/lost_answer.h"

namespace pcaps {
namespace {

// The next creation may be submitted at once, in a second that began before.
constexpr absl::Duration kGiveUpSlack = absl::Seconds(2);
// Upstreams may cut fractions off.
constexpr absl::Duration kOffsetSlack = absl::Seconds(1);

// One spelling for all of an address.
std::string Canonical(const std::string& address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  return error ? address : parsed.to_string();
}

template <typename Number>
std::optional<uint32_t> Optional(bool has, Number number) {
  return has ? std::optional<uint32_t>(number) : std::nullopt;
}

bool SameFilter(const v1::Filter& a, const v1::Filter& b) {
  return Canonical(a.source_address()) == Canonical(b.source_address()) &&
         Canonical(a.destination_address()) == Canonical(b.destination_address()) &&
         Optional(a.has_source_port(), a.source_port()) ==
             Optional(b.has_source_port(), b.source_port()) &&
         Optional(a.has_destination_port(), a.destination_port()) ==
             Optional(b.has_destination_port(), b.destination_port()) &&
         Optional(a.has_protocol(), a.protocol()) == Optional(b.has_protocol(), b.protocol());
}

// Limits that only one of them tells do not differ: the upstream may leave out some, or set its
// own.
template <typename Limit>
bool MayBeEqual(bool has_a, Limit a, bool has_b, Limit b) {
  return !has_a || !has_b || a == b;
}

bool IsSimpleOf(const v1::SimpleCapture& wanted, const v1::Pcap& pcap) {
  if (pcap.type() != v1::Pcap::TYPE_SIMPLE) return false;
  if (wanted.has_offset_time() && pcap.has_offset_time()) {
    const absl::Duration apart =
        absl::AbsDuration(FromTimestamp(wanted.offset_time()) - FromTimestamp(pcap.offset_time()));
    if (apart >= kOffsetSlack) return false;
  }
  return MayBeEqual(true, wanted.packet_limit(), pcap.has_packet_limit(), pcap.packet_limit());
}

bool IsFullOf(const v1::FullCapture& wanted, const v1::Pcap& pcap) {
  const v1::FullDetails& full = pcap.full();
  return pcap.type() == v1::Pcap::TYPE_FULL && wanted.colo_name() == full.colo_name() &&
         BucketUriOf(wanted.destination_conf()) == BucketUriOf(full.destination_conf()) &&
         MayBeEqual(wanted.has_byte_limit(), wanted.byte_limit(), full.has_byte_limit(),
                    full.byte_limit()) &&
         MayBeEqual(wanted.has_packet_limit(), wanted.packet_limit(), pcap.has_packet_limit(),
                    pcap.packet_limit());
}

}  // namespace

bool IsCreatedBy(const v1::CreatePcapRequest& request, const v1::Pcap& pcap) {
  if (request.time_limit().seconds() != pcap.time_limit().seconds()) return false;
  if (!SameFilter(request.filter(), pcap.filter())) return false;
  return request.has_full() ? IsFullOf(request.full(), pcap) : IsSimpleOf(request.simple(), pcap);
}

Task<std::optional<v1::Pcap>> LostCreates::Look(LostCreate lost, CallTerms terms) {
  const absl::StatusOr<std::vector<v1::Pcap>> list =
      co_await api_.ListPcaps(lost.request.account_id(), std::move(terms));
  if (!list.ok()) co_return std::nullopt;
  // From the fleet's clock to ours, and to the upstream's.
  const absl::Duration ahead =
      clock_.Now() - state_.Now() + api_.UpstreamAhead().value_or(absl::ZeroDuration());
  const absl::Time since = lost.sent + ahead - kClockSlack;
  const absl::Time until =
      std::min(lost.sent + request_timeout_ + kClockSlack, lost.give_up - kGiveUpSlack) + ahead;
  std::vector<v1::Pcap> unbound;
  for (const v1::Pcap& each : *list) {
    if (!each.has_submit_time() || !IsCreatedBy(lost.request, each)) continue;
    const absl::Time submitted = FromTimestamp(each.submit_time());
    if (submitted < since || submitted > until) continue;
    CaptureKey key{lost.request.account_id(), each.id()};
    const absl::StatusOr<std::optional<std::string>> maker = co_await made_.MakerOf(std::move(key));
    if (!maker.ok()) co_return std::nullopt;
    if (*maker == lost.creation) co_return each;
    if (!maker->has_value()) unbound.push_back(each);
  }
  if (unbound.size() != 1) co_return std::nullopt;
  CaptureKey key{lost.request.account_id(), unbound.front().id()};
  const absl::StatusOr<std::string> maker = co_await made_.Bind(std::move(key), lost.creation);
  if (!maker.ok() || *maker != lost.creation) co_return std::nullopt;
  co_return std::move(unbound.front());
}

}  // namespace pcaps
