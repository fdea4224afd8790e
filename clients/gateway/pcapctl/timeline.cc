#include "clients/gateway/pcapctl/timeline.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/base/error.h"
#include "clients/gateway/pcapctl/render.h"

namespace pcaps::pcapctl {
namespace {

std::string StateText(const v1::Pcap& pcap) {
  std::string state = StatusText(pcap);
  if (pcap.full().has_packets_captured()) {
    absl::StrAppend(&state, ", ", pcap.full().packets_captured(), " packets");
  }
  if (!pcap.full().error_message().empty()) {
    absl::StrAppend(&state, ": ", CleanText(pcap.full().error_message()));
  }
  return state;
}

}  // namespace

Timeline::Timeline(std::ostream& stream, bool json) : stream_(stream), json_(json) {}

void Timeline::Show(const v1::Pcap& pcap) {
  v1::WatchEvent event;
  *event.mutable_pcap() = pcap;
  Show(event);
}

void Timeline::Show(const v1::WatchEvent& event) {
  if (json_) {
    stream_ << ToJsonLine(event) << std::flush;
  } else {
    ShowToPeople(event);
  }
  on_event_();
}

void Timeline::ShowToPeople(const v1::WatchEvent& event) {
  if (event.has_heartbeat()) {
    const bool was_stale = std::exchange(stale_, event.heartbeat().stale());
    if (stale_ && !was_stale) Line("(the gateway cannot reach the upstream; waiting)");
    return;
  }
  if (names_captures_ && !event.removed_pcap_id().empty()) {
    last_states_.erase(event.removed_pcap_id());
    Line(absl::StrCat(CleanText(event.removed_pcap_id()), "  removed"));
  }
  if (!event.has_pcap()) return;  // A single capture's removal is the watch's error.
  const std::string& id = event.pcap().id();
  std::string state = StateText(event.pcap());
  if (state == std::exchange(last_states_[id], state)) return;
  Line(names_captures_ ? absl::StrCat(CleanText(id), "  ", state) : state);
}

void Timeline::Note(absl::string_view text) {
  if (!json_) Line(text);
}

void Timeline::Line(absl::string_view text) {
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start_);
  stream_ << absl::StreamFormat("%6.1fs  %s", seconds, text) << "\n" << std::flush;
}

}  // namespace pcaps::pcapctl
