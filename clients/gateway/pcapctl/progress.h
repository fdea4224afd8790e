// Progress: how far a download is, on one line of a terminal that is written anew.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace pcaps::pcapctl {

// " 42%  10.1 of 24.0 MB  3.2 MB/s"; without `of` where the whole is not known. `done` of the bytes
// came in `elapsed`; those before them were there already.
std::string ProgressText(int64_t bytes, std::optional<int64_t> of, int64_t done,
                         absl::Duration elapsed);

class Progress {
 public:
  // Says nothing where the stream is no terminal, or is read by programs.
  Progress(std::ostream& terminal, bool shown) : terminal_(terminal), shown_(shown) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(int64_t bytes, std::optional<int64_t> of, absl::Time now);
  // Makes room for another line.
  void Clear();

 private:
  std::ostream& terminal_;
  const bool shown_;
  std::optional<int64_t> first_bytes_;
  absl::Time start_;
  absl::Time last_shown_ = absl::InfinitePast();
  bool on_screen_ = false;
};

}  // namespace pcaps::pcapctl
