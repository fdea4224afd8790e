// Timeline: what happens to a capture, told as it happens.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pcaps::pcapctl {

// One line per change, with the seconds since it was made. As JSON, a line per event, each a
// WatchEvent.
class Timeline {
 public:
  Timeline(std::ostream& stream, bool json);

  // The capture as it stands; nothing is told twice to people.
  void Show(const v1::Pcap& pcap);
  void Show(const v1::WatchEvent& event);
  // Names the capture in every line for people: there are several.
  void NameCaptures() { names_captures_ = true; }
  // Called after each event, shown or not.
  void OnEvent(std::function<void()> on_event) { on_event_ = std::move(on_event); }
  // False once something could not be written.
  bool written() const { return stream_.good(); }
  // For people only.
  void Note(absl::string_view text);

 private:
  void Line(absl::string_view text);
  // States, heartbeats and removals as people are told of them.
  void ShowToPeople(const v1::WatchEvent& event);

  std::ostream& stream_;
  const bool json_;
  const absl::Time start_ = absl::Now();
  std::map<std::string, std::string> last_states_;  // By capture.
  bool names_captures_ = false;
  std::function<void()> on_event_ = [] {};
  bool stale_ = false;
};

}  // namespace pcaps::pcapctl
