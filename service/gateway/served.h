// Served: an answer, and where it came from.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

enum class CacheUse {
  kHit,     // Remembered, and fresh.
  kMiss,    // Asked of the upstream.
  kStale,   // Remembered, and too old, but the upstream cannot be asked.
  kBypass,  // Asked of the upstream, whatever is remembered.
};

// "hit" for kHit.
inline absl::string_view CacheUseName(CacheUse use) {
  switch (use) {
    case CacheUse::kHit:
      return "hit";
    case CacheUse::kMiss:
      return "miss";
    case CacheUse::kStale:
      return "stale";
    case CacheUse::kBypass:
      return "bypass";
  }
  return "";
}

template <typename T>
struct Served {
  T value;
  CacheUse cache = CacheUse::kMiss;
  absl::Duration age;  // Since the call that saw it began.
};

}  // namespace pcaps
