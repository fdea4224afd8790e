#include "clients/gateway/pcapctl/full_capture.h"

#include <algorithm>
#include <boost/json.hpp>
#include <stop_token>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/table.h"
#include "clients/gateway/pcapctl/create_command.h"
#include "clients/gateway/pcapctl/pick_up.h"
#include "clients/gateway/pcapctl/render.h"
#include "clients/gateway/pcapctl/watch_command.h"

namespace pcaps::pcapctl {
namespace {

// "ORD" is a city with several data centres, "ord02" one of them.
bool IsCity(const std::string& colo) {
  return std::none_of(colo.begin(), colo.end(),
                      [](unsigned char c) { return absl::ascii_isdigit(c); });
}

void TellFiles(const Session& session, const v1::Pcap& pcap) {
  const std::string id = CleanText(pcap.id());
  const std::string file = absl::StrCat("pcap_", id, ".pcap");
  const std::string bucket = CleanText(pcap.full().destination_conf());
  if (session.flags.json) {
    boost::json::object line{{"pcap_id", id}, {"bucket", bucket}, {"file", file}};
    if (pcap.full().has_packets_captured()) line["packets"] = pcap.full().packets_captured();
    session.out << boost::json::serialize(line) << "\n";
    return;
  }
  std::vector<std::vector<std::string>> rows = {
      {"bucket", bucket}, {"file", absl::StrCat(file, ", below the bucket's directory")}};
  if (pcap.full().has_packets_captured()) {
    rows.push_back({"packets", absl::StrCat(pcap.full().packets_captured())});
  }
  session.out << AlignColumns(rows);
  if (!IsCity(pcap.full().colo_name())) return;
  session.out << "Each data centre of a city writes a file of its own. To make them one:\n"
              << "  mergecap -w pcap_" << id << "-all.pcap $(find . -name '" << file << "')\n";
}

// The capture's last state. `rest` is not ended by the interrupt that brought us here.
absl::StatusOr<v1::Pcap> StopAndWatch(const Session& session, const CallOptions& rest,
                                      const std::string& pcap_id, Timeline& timeline) {
  Tell(session,
       absl::StrCat("stopping capture ", CleanText(pcap_id),
                    "; packets not yet written may be lost. Ctrl-C again leaves; to pick it up"),
       CommandLine(session.flags, {"watch", pcap_id}));
  v1::StopPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(pcap_id);
  const absl::Status stopped = session.client.Stop(request, rest);
  if (!stopped.ok()) {
    // Asked once and not more: whether it still runs, the watch tells.
    Tell(session,
         absl::StrCat("it may not have been stopped (", CleanText(stopped.message()),
                      "); to ask again"),
         CommandLine(session.flags, {"stop", pcap_id}));
  }
  return WatchUntilDone(session, rest, pcap_id, timeline);
}

}  // namespace

absl::Status RunFullCapture(const Session& session, const CreateFlags& flags) {
  Timeline timeline(session.err, session.flags.json);
  const absl::StatusOr<v1::Pcap> created = Create(session, flags);
  if (!created.ok()) return created.status();
  timeline.Note(
      absl::StrCat("created ", CleanText(created->id()), ": ", FilterText(created->filter())));
  timeline.Show(*created);
  absl::StatusOr<v1::Pcap> done = WatchUntilDone(session, session.call, created->id(), timeline);
  if (absl::IsCancelled(done.status()) && session.call.stop.stop_requested()) {
    CallOptions rest = session.call;
    rest.stop = std::stop_token();
    done = StopAndWatch(session, rest, created->id(), timeline);
  }
  if (done.ok()) {
    TellFiles(session, *done);
    return absl::OkStatus();
  }
  const bool over = absl::IsFailedPrecondition(done.status()) || absl::IsNotFound(done.status());
  if (!over) TellHowToGoOn(session, created->id(), {"watch", created->id()});
  return done.status();
}

}  // namespace pcaps::pcapctl
