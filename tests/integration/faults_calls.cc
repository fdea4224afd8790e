#include "tests/integration/faults_calls.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/gateway/client.h"

namespace pcaps::integration {
namespace {

constexpr char kOtherId[] = "00000000000000000000000000000bad";  // Of the fault wrong_id.
constexpr char kTheFile[] = "the file";
constexpr char kOtherFile[] = "another file";

std::string TextOf(v1::Pcap pcap) {
  if (pcap.id() != kOtherId) pcap.clear_id();
  pcap.clear_account_id();
  pcap.clear_offset_time();
  pcap.clear_submit_time();
  pcap.clear_observed_time();
  if (pcap.has_full()) {
    pcap.mutable_full()->clear_packets_captured();
    pcap.mutable_full()->clear_stop_request_time();
  }
  return pcap.ShortDebugString();
}

std::string TextOf(v1::Ownership ownership) {
  if (ownership.id() != kOtherId) ownership.clear_id();
  ownership.clear_destination_conf();
  ownership.clear_filename();
  ownership.clear_submit_time();
  ownership.clear_validate_time();
  return ownership.ShortDebugString();
}

v1::CreatePcapRequest CreateRequest(const Scene& scene) {
  v1::CreatePcapRequest request = FullRequest();
  request.set_account_id(scene.account);
  request.set_request_id(scene.request_id);
  request.mutable_full()->set_destination_conf(SecretBucket("bucket"));
  return request;
}

template <typename Request>
Request RequestOf(const Scene& scene) {
  Request request;
  request.set_account_id(scene.account);
  request.set_pcap_id(scene.capture.id());
  return request;
}

Sight List(World& world, const Scene& scene) {
  v1::ListPcapsRequest request;
  request.set_account_id(scene.account);
  const auto answer = world.caller.Call(request);
  Sight sight{answer};
  for (const v1::Pcap& pcap : answer.response.pcaps()) sight.things.push_back(TextOf(pcap));
  return sight;
}

template <typename Thing>
Sight OfOne(const Answer<Thing>& answer) {
  Sight sight{answer};
  if (answer.status.ok()) sight.things.push_back(TextOf(answer.response));
  return sight;
}

Sight Get(World& world, const Scene& scene) {
  return OfOne(world.caller.Call(RequestOf<v1::GetPcapRequest>(scene)));
}

// Seen at once or a moment later, when it may run already.
Sight Create(World& world, const Scene& scene) {
  auto answer = world.caller.Call(CreateRequest(scene));
  if (answer.response.status() == v1::Pcap::STATUS_PENDING) {
    answer.response.set_status(v1::Pcap::STATUS_RUNNING);
  }
  return OfOne(answer);
}

Sight Stop(World& world, const Scene& scene) {
  return {world.caller.Call(RequestOf<v1::StopPcapRequest>(scene))};
}

Sight Download(World& world, const Scene& scene) {
  const auto answer = world.caller.Call(RequestOf<v1::DownloadPcapRequest>(scene));
  Sight sight{answer};
  if (!answer.status.ok()) {
    EXPECT_TRUE(answer.messages.empty()) << "a refused file was begun";
    return sight;
  }
  sight.file = FileOf(answer) == scene.file ? kTheFile : kOtherFile;
  return sight;
}

// The snapshot, which is over with the first heartbeat or, for one capture, the first event.
// Returns when the gateway, too, has seen the watcher leave: the next one is to find nothing in
// memory.
template <typename Request>
Sight Snapshot(World& world, const Request& request, bool of_one) {
  const std::string id = NewRequestId();
  auto events = world.caller.Open(request, {{"request-id", id}});
  Sight sight;
  bool over = false;
  for (v1::WatchEvent event; !over && events.Read(&event);) {
    over = event.has_heartbeat() || (of_one && !event.pcap().done());
    if (event.has_pcap()) sight.things.push_back(TextOf(event.pcap()));
  }
  if (over) {
    events.Cancel();
    EXPECT_FALSE(world.gateway.WaitForRpc(id).empty());
  } else {
    static_cast<Outcome&>(sight) = events.Finish();
  }
  return sight;
}

Sight WatchOne(World& world, const Scene& scene) {
  return Snapshot(world, RequestOf<v1::WatchPcapRequest>(scene), true);
}

Sight WatchAll(World& world, const Scene& scene) {
  v1::WatchPcapsRequest request;
  request.set_account_id(scene.account);
  return Snapshot(world, request, false);
}

Sight ListOwnerships(World& world, const Scene& scene) {
  v1::ListOwnershipsRequest request;
  request.set_account_id(scene.account);
  const auto answer = world.caller.Call(request);
  Sight sight{answer};
  for (const auto& each : answer.response.ownerships()) sight.things.push_back(TextOf(each));
  return sight;
}

// Each creation's bucket is another one.
Answer<v1::Ownership> AddBucket(World& world, const Scene& scene) {
  v1::CreateOwnershipRequest request;
  request.set_account_id(scene.account);
  request.set_destination_conf(SecretBucket(scene.request_id));
  return world.caller.Call(request);
}

Sight CreateOwnership(World& world, const Scene& scene) { return OfOne(AddBucket(world, scene)); }

Sight ValidateOwnership(World& world, const Scene& scene) {
  const auto added = AddBucket(world, scene);
  EXPECT_TRUE(added.status.ok()) << added.status;
  v1::ValidateOwnershipRequest request;
  request.set_account_id(scene.account);
  request.set_destination_conf(SecretBucket(scene.request_id));
  request.set_ownership_challenge(world.emulator.Challenge(scene.account, added.response.id()));
  return OfOne(world.caller.Call(request));
}

Sight DeleteOwnership(World& world, const Scene& scene) {
  const auto added = AddBucket(world, scene);
  EXPECT_TRUE(added.status.ok()) << added.status;
  v1::DeleteOwnershipRequest request;
  request.set_account_id(scene.account);
  request.set_ownership_id(added.response.id());
  return {world.caller.Call(request)};
}

void MakeUnknown(v1::Pcap& pcap) {
  pcap.set_status(v1::Pcap::STATUS_UNKNOWN);
  pcap.set_done(false);
  pcap.set_upstream_status("transmogrified");
}

void MakeUnknown(v1::Ownership& ownership) { ownership.clear_status(); }

template <typename Thing>
std::string DistortedText(const std::string& fault, const std::string& text) {
  Thing thing = Text<Thing>(text);
  if (fault == "wrong_id") thing.set_id(kOtherId);
  if (fault == "unknown_enum") MakeUnknown(thing);
  return TextOf(thing);
}

}  // namespace

std::string SecretBucket(const std::string& name) {
  return absl::StrCat("r2://", name,
                      "?account-id=a&access-key-id=key&secret-access-key=", kBucketSecret);
}

Scene FaultyCall::Prepare(World& world, Caller& other, const std::string& round) const {
  Scene scene{.account = Account(round), .request_id = "the-capture-to-begin-with"};
  if (kind != EndpointKind::kPost) {
    v1::CreatePcapRequest request = needs_full ? CreateRequest(scene) : SimpleRequest();
    request.set_account_id(scene.account);
    const auto created = other.Call(request);
    EXPECT_TRUE(created.status.ok()) << created.status;
    scene.capture = created.response;
    world.PinStatus(scene.capture, needs_full ? "running" : "success");
    if (!needs_full) scene.file = world.emulator.Download(scene.account, scene.capture.id());
  }
  if (rpc == "ListOwnerships") {
    EXPECT_TRUE(AddBucket(world, scene).status.ok());
  }
  scene.request_id = round;
  return scene;
}

Verdict FaultyCall::Expected(const FaultRow& row, bool stays) const {
  // A capture that may be anything is not known to be ready.
  if (name == "DownloadPcap-look" && row.fault == "unknown_enum") {
    return {absl::StatusCode::kFailedPrecondition, "CAPTURE_NOT_READY"};
  }
  const Verdicts& verdicts = row.Of(kind);
  return stays ? verdicts.stays : verdicts.once;
}

Sight FaultyCall::Distorted(const std::string& fault, Sight sight) const {
  const bool list = kind == EndpointKind::kList;
  if (fault == "null_result" && list) sight.things.clear();
  if (fault == "changed_content" && kind == EndpointKind::kFile) sight.file = kOtherFile;
  for (std::string& thing : sight.things) {
    thing = absl::EndsWith(endpoint, "pcap") || absl::EndsWith(endpoint, "pcaps")
                ? DistortedText<v1::Pcap>(fault, thing)
                : DistortedText<v1::Ownership>(fault, thing);
  }
  return sight;
}

const std::vector<FaultyCall>& FaultyCalls() {
  using enum EndpointKind;
  // clang-format off
  static const std::vector<FaultyCall> kCalls = {
      // name                rpc                  endpoint              kind         full
      {"ListPcaps",          "ListPcaps",         "list_pcaps",         kList,       false, List},
      {"GetPcap",            "GetPcap",           "get_pcap",           kItem,       false, Get},
      {"CreatePcap",         "CreatePcap",        "create_pcap",        kPost,       true,  Create},
      {"StopPcap",           "StopPcap",          "stop_pcap",          kEmpty,      true,  Stop},
      {"StopPcap-look",      "StopPcap",          "get_pcap",           kItem,       true,  Stop},
      {"DownloadPcap",       "DownloadPcap",      "download_pcap",      kFile,       false, Download},
      {"DownloadPcap-look",  "DownloadPcap",      "get_pcap",           kItem,       false, Download},
      {"WatchPcap",          "WatchPcap",         "get_pcap",           kItem,       false, WatchOne},
      {"WatchPcaps",         "WatchPcaps",        "list_pcaps",         kList,       false, WatchAll},
      {"ListOwnerships",     "ListOwnerships",    "list_ownerships",    kList,       false, ListOwnerships},
      {"CreateOwnership",    "CreateOwnership",   "create_ownership",   kLookedFor,  false, CreateOwnership},
      {"ValidateOwnership",  "ValidateOwnership", "validate_ownership", kLookedFor,  false, ValidateOwnership},
      {"DeleteOwnership",    "DeleteOwnership",   "delete_ownership",   kDelete,     false, DeleteOwnership},
  };
  // clang-format on
  return kCalls;
}

}  // namespace pcaps::integration
