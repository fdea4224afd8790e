#include "service/gateway/watched_account.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// Done captures that left the list, asked for in one poll: they are in no hurry, and the budget is
// small.
constexpr size_t kMaxDepartedPerPoll = 5;
constexpr size_t kMaxUnlisted = 10'000;

bool SameState(v1::Pcap a, v1::Pcap b) {
  a.clear_observed_time();
  b.clear_observed_time();
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

}  // namespace

SharedCapture WatchedAccount::Add(uint64_t watcher_number, Watcher* watcher,
                                  const std::string& pcap_id) {
  SharedCapture& capture = captures[pcap_id];
  if (capture == nullptr) {
    capture = std::make_shared<WatchedCapture>();
    capture->id = pcap_id;
    capture->number = ++numbered_;
    by_number[capture->number] = capture;
  }
  if (watcher != nullptr) capture->named_by[watcher_number] = watcher;
  return capture;
}

void WatchedAccount::Remove(uint64_t watcher_number, const SharedCapture& capture) {
  capture->named_by.erase(watcher_number);
  if (capture->named_by.empty() && everything.empty()) Forget(capture);
}

void WatchedAccount::RemoveFromEverything(uint64_t watcher_number) {
  everything.erase(watcher_number);
  if (!everything.empty()) return;
  listed = false;
  unlisted.clear();
  const auto all = by_number;
  for (const auto& [number, capture] : all) {
    if (capture->named_by.empty()) Forget(capture);
  }
}

void WatchedAccount::Forget(const SharedCapture& capture) {
  // There may be a newer one of this name.
  if (by_number.erase(capture->number) > 0) captures.erase(capture->id);
}

SharedCapture WatchedAccount::Find(const std::string& pcap_id) const {
  const auto found = captures.find(pcap_id);
  return found == captures.end() ? nullptr : found->second;
}

SharedCapture WatchedAccount::Take(const Observation& seen) {
  const absl::Time observed_at = FromTimestamp(seen.pcap.observed_time());
  SharedCapture capture = Find(seen.pcap.id());
  if (capture == nullptr) {
    if (everything.empty() || seen.gone || unlisted.count(seen.pcap.id()) > 0) return nullptr;
    capture = Add(0, nullptr, seen.pcap.id());
  }
  last_answer = std::max(last_answer, observed_at);
  const Order order = OrderOf(seen);
  if (capture->seen() && capture->order >= order) return nullptr;
  capture->order = order;
  capture->observed_at = std::max(capture->observed_at, observed_at);
  if (seen.gone) {
    capture->gone = true;
    capture->state = nullptr;
    Forget(capture);
  } else {
    // A write's observation may show less than what was seen meanwhile.
    if (capture->seen() && !seen.pcap.done() && observed_at < capture->observed_at) return nullptr;
    if (capture->seen() && SameState(*capture->state, seen.pcap)) return nullptr;
    capture->state = std::make_shared<const v1::Pcap>(seen.pcap);
  }
  ++capture->version;
  return capture;
}

bool WatchedAccount::HasUnseen() const {
  return ListUnseen() || std::any_of(captures.begin(), captures.end(),
                                     [](const auto& each) { return !each.second->seen(); });
}

std::set<std::string> WatchedAccount::Unseen() const {
  std::set<std::string> unseen;
  for (const auto& [pcap_id, capture] : captures) {
    if (!capture->seen()) unseen.insert(pcap_id);
  }
  return unseen;
}

std::set<std::string> WatchedAccount::OpenIds() const {
  std::set<std::string> open;
  for (const auto& [pcap_id, capture] : captures) {
    if (capture->open()) open.insert(pcap_id);
  }
  return open;
}

std::set<std::string> WatchedAccount::Departed(const std::vector<v1::Pcap>& list) const {
  std::set<std::string> departed;
  if (everything.empty()) return departed;
  std::set<std::string> listed_ids;
  for (const v1::Pcap& pcap : list) listed_ids.insert(pcap.id());
  for (const auto& [pcap_id, capture] : captures) {
    if (departed.size() == kMaxDepartedPerPoll) break;
    if (capture->open() || listed_ids.count(pcap_id) > 0 || unlisted.count(pcap_id) > 0) continue;
    departed.insert(pcap_id);
  }
  return departed;
}

void WatchedAccount::LeaveUnlisted(const std::string& pcap_id) {
  const SharedCapture capture = Find(pcap_id);
  if (capture == nullptr) return;
  if (unlisted.size() >= kMaxUnlisted) unlisted.clear();  // Some are told once more.
  unlisted.insert(pcap_id);
  if (!capture->named_by.empty()) return;
  capture->left = true;
  Forget(capture);
}

}  // namespace pcaps
