#include <algorithm>

#include "tests/emulator/fault_answers.h"

namespace pcaps::emulator {
namespace {

constexpr int64_t kGarbageBytes = 512;
constexpr int64_t kMaxGarbageBytes = 1 << 20;  // Garbage is held in memory.
constexpr uint64_t kSlowHeadBytesPerSecond = 20;
constexpr uint64_t kSlowBodyBytesPerSecond = 1024;

uint64_t BytesOrHalf(const Fault& fault, const Answer& answer) {
  return fault.bytes ? static_cast<uint64_t>(*fault.bytes) : answer.body_bytes() / 2;
}

void Silence(Answer& answer) {
  answer.silent = true;
  answer.ending = Ending::kReset;
}

}  // namespace

void DistortDelivery(const Fault& fault, Answer& answer) {
  const auto rate = [&](uint64_t otherwise) {
    return fault.bytes_per_second ? static_cast<uint64_t>(*fault.bytes_per_second) : otherwise;
  };
  switch (fault.kind) {
    case FaultKind::kBadLength:
      answer.claimed_length = BytesOrHalf(fault, answer);
      break;
    case FaultKind::kNoLength:
      answer.framing = Framing::kUntilClose;
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kChunked:
      answer.framing = Framing::kChunked;
      break;
    case FaultKind::kTruncate:
      answer.sent_body_bytes = BytesOrHalf(fault, answer);
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kGarbage:
      answer.raw =
          std::string(std::min(kMaxGarbageBytes, fault.bytes.value_or(kGarbageBytes)), '\x7F');
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kSlowHeaders:
      answer.head_bytes_per_second = rate(kSlowHeadBytesPerSecond);
      break;
    case FaultKind::kSlowBody:
      answer.body_bytes_per_second = rate(kSlowBodyBytesPerSecond);
      break;
    case FaultKind::kCloseAfter:
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kCloseIdle:
      answer.ending = Ending::kClose;
      answer.linger = fault.latency;
      break;
    case FaultKind::kResetDuring:
      answer.sent_body_bytes = BytesOrHalf(fault, answer);
      answer.ending = Ending::kReset;
      break;
    case FaultKind::kResetBefore:
    case FaultKind::kResetAfter:
      Silence(answer);
      break;
    default:
      break;
  }
}

}  // namespace pcaps::emulator
