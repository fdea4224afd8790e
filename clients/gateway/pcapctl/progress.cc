#include "clients/gateway/pcapctl/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pcaps::pcapctl {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(200);  // What an eye can follow.
constexpr absl::Duration kQuiet = absl::Milliseconds(500);     // A short download needs no line.
constexpr char kClearLine[] = "\r\x1b[K";

double Megabytes(int64_t bytes) { return static_cast<double>(bytes) / 1e6; }

}  // namespace

std::string ProgressText(int64_t bytes, std::optional<int64_t> of, int64_t done,
                         absl::Duration elapsed) {
  const double seconds = std::max(absl::ToDoubleSeconds(elapsed), 1e-3);
  std::string text;
  if (of.has_value() && *of > 0) {
    text = absl::StrFormat("%3d%%  %.1f of %.1f MB", bytes * 100 / *of, Megabytes(bytes),
                           Megabytes(*of));
  } else {
    text = absl::StrFormat("%.1f MB", Megabytes(bytes));
  }
  absl::StrAppendFormat(&text, "  %.1f MB/s", Megabytes(done) / seconds);
  return text;
}

void Progress::Show(int64_t bytes, std::optional<int64_t> of, absl::Time now) {
  if (!shown_) return;
  if (!first_bytes_.has_value() || bytes < *first_bytes_) {
    first_bytes_ = bytes;
    start_ = now;
  }
  if (now - start_ < kQuiet || now - last_shown_ < kInterval) return;
  last_shown_ = now;
  on_screen_ = true;
  terminal_ << kClearLine << ProgressText(bytes, of, bytes - *first_bytes_, now - start_)
            << std::flush;
}

void Progress::Clear() {
  if (on_screen_) terminal_ << kClearLine << std::flush;
  on_screen_ = false;
}

}  // namespace pcaps::pcapctl
