// Timeline: what happens to a capture, told as it happens.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <ostream>
#include <string>

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
  // For people only.
  void Note(absl::string_view text);

 private:
  void Line(absl::string_view text);
  // States, heartbeats and removals as people are told of them.
  void ShowToPeople(const v1::WatchEvent& event);

  std::ostream& stream_;
  const bool json_;
  const absl::Time start_ = absl::Now();
  std::string last_state_;
  bool stale_ = false;
};

}  // namespace pcaps::pcapctl
