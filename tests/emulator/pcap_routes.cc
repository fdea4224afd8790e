#include "tests/emulator/pcap_routes.h"

#include <memory>
#include <ranges>

#include "tests/emulator/capture_json.h"

namespace pcaps::emulator {
namespace {

constexpr size_t kListedCaptures = 50;  // The API lists no more, and has no pages.

Answer NoSuchCapture() {
  return ErrorAnswer({.status = 404, .code = kNotFound, .message = "packet capture not found"});
}

}  // namespace

Answer ListPcaps(State& state, const Call& call) {
  const std::vector<Capture>& captures = state.captures.Of(call.account_id);
  boost::json::array newest;
  for (const Capture& capture :
       captures | std::views::reverse | std::views::take(kListedCaptures)) {
    newest.push_back(ToJson(capture, call.now));
  }
  return ListAnswer(std::move(newest), captures.size(), kListedCaptures);
}

Answer CreatePcap(State& state, const Call& call) {
  auto parsed = ParseCapture(call.body, call.now);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return ErrorAnswer(*error);
  Capture& capture = std::get<Capture>(parsed);
  if (capture.full && state.options.require_ownership &&
      !state.ownerships.IsValidated(call.account_id, capture.destination_conf)) {
    return ErrorAnswer({.code = kNotValidated,
                        .message = "the bucket's ownership is not validated",
                        .pointer = "/destination_conf"});
  }
  const std::vector<Capture>& existing = state.captures.Of(call.account_id);
  if (const auto refusal = state.rules.Check(call.account_id, capture, existing)) {
    return ErrorAnswer(*refusal);
  }
  capture.id = state.ids.NextId();
  capture.pace = state.options.pace;
  state.rules.Created(call.account_id, capture);
  state.stats.CountCreated();
  return ResultAnswer(ToJson(state.captures.Add(call.account_id, std::move(capture)), call.now));
}

Answer GetPcap(State& state, const Call& call) {
  const Capture* capture = state.captures.Find(call.account_id, call.object_id);
  if (capture == nullptr) return NoSuchCapture();
  return ResultAnswer(ToJson(*capture, call.now));
}

Answer StopPcap(State& state, const Call& call) {
  Capture* capture = state.captures.Find(call.account_id, call.object_id);
  if (capture == nullptr) return NoSuchCapture();
  if (!capture->full) {
    return ErrorAnswer(
        {.code = kNotStoppable, .message = "only full packet captures can be stopped"});
  }
  const bool capturing = ProgressAt(*capture, call.now).capturing();
  if (capturing && !capture->stop_requested) capture->stop_requested = call.now;
  return EmptyAnswer();
}

Answer DownloadPcap(State& state, const Call& call) {
  const Capture* capture = state.captures.Find(call.account_id, call.object_id);
  if (capture == nullptr) return NoSuchCapture();
  if (capture->full) {
    return ErrorAnswer(
        {.code = kNotDownloadable, .message = "full packet captures are in their bucket"});
  }
  const absl::string_view status = ProgressAt(*capture, call.now).status;
  if (status == "failed") {
    return ErrorAnswer({.code = kCaptureFailed, .message = "the packet capture failed"});
  }
  if (status != "success" && status != "complete") {
    return ErrorAnswer({.code = kNotReady, .message = "the packet capture is not ready yet"});
  }
  Answer answer;
  answer.headers = {{"Content-Type", "application/vnd.tcpdump.pcap"}};
  answer.stream = std::make_shared<PcapFile>(FileOf(*capture, call.content_salt));
  if (capture->large_file && capture->large_file->chunked) answer.framing = Framing::kChunked;
  return answer;
}

}  // namespace pcaps::emulator
