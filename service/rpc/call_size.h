// How large a call may be.
#pragma once

#include <cstdint>

namespace pcaps {

// Requests are a few hundred bytes; the longest, a bucket URI with a challenge, under 8 KiB.
inline constexpr int64_t kMaxMessageBytes = 64 << 10;
// Tokens take some KiB. gRPC's own default, 8 KiB, leaves too little beside them.
inline constexpr int64_t kMaxMetadataBytes = 32 << 10;

}  // namespace pcaps
