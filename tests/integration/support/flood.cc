#include "tests/integration/support/flood.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/support/http2_frames.h"

namespace pcaps::integration {
namespace {

using Frame = Http2Frame;

constexpr char kMethod[] = "/pcaps.v1.PcapsService/GetPcap";
constexpr size_t kPieceBytes = 16 << 10;
constexpr absl::Duration kPace = absl::Milliseconds(5);
constexpr absl::Duration kEndPatience = absl::Seconds(5);

const std::vector<std::pair<FloodKind, const char*>>& Names() {
  static const auto* const names = new std::vector<std::pair<FloodKind, const char*>>{
      {FloodKind::kHeaders, "Headers"},
      {FloodKind::kHeadersReset, "HeadersReset"},
      {FloodKind::kHeadersDataReset, "HeadersDataReset"},
      {FloodKind::kIndexedReset, "IndexedReset"},
      {FloodKind::kPartReset, "PartReset"},
      {FloodKind::kPing, "Ping"},
      {FloodKind::kSettings, "Settings"},
      {FloodKind::kPriority, "Priority"},
      {FloodKind::kWindowUpdate, "WindowUpdate"},
      {FloodKind::kReset, "Reset"},
      {FloodKind::kContinuation, "Continuation"},
      {FloodKind::kEmptyData, "EmptyData"},
      {FloodKind::kEndlessMessage, "EndlessMessage"},
      {FloodKind::kUnknownFrames, "UnknownFrames"}};
  return *names;
}

// What one connection is sent: first what opens the way, then any number of steps.
class Stream {
 public:
  explicit Stream(FloodKind kind) : kind_(kind) {
    const std::string open =
        Frame{Frame::kHeaders, Frame::kEndHeaders, 1, CallHeaders(kMethod)}.Encode();
    switch (kind) {
      case FloodKind::kContinuation:
        first_ = Frame{Frame::kHeaders, 0, 1, CallHeaders(kMethod)}.Encode();
        break;
      case FloodKind::kEmptyData:
        first_ = open;
        break;
      case FloodKind::kEndlessMessage:
        first_ = open + Data(1, BigEndian(0, 1) + BigEndian(1 << 30, 4));
        break;
      case FloodKind::kHeaders:
      case FloodKind::kIndexedReset:
        first_ =
            Frame{Frame::kHeaders, Frame::kEndHeaders, 1, RememberedCallHeaders(kMethod)}.Encode();
        break;
      default:
        break;
    }
  }

  const std::string& first() const { return first_; }

  std::string Next() {
    id_ += 2;
    switch (kind_) {
      case FloodKind::kHeaders:
        return Open(indexed_);
      case FloodKind::kHeadersReset:
        return Open(literal_) + Reset();
      case FloodKind::kHeadersDataReset:
        return Open(literal_) + Data(id_, message_, Frame::kEndStream) + Reset();
      case FloodKind::kIndexedReset:
        return Open(indexed_) + Reset();
      case FloodKind::kPartReset:
        return Open(literal_) + Data(id_, part_) + Reset();
      case FloodKind::kPing:
        return Frame{Frame::kPing, 0, 0, BigEndian(id_, 8)}.Encode();
      case FloodKind::kSettings:
        return Frame{Frame::kSettings, 0, 0, ""}.Encode();
      case FloodKind::kPriority:
        return Frame{Frame::kPriority, 0, id_, BigEndian(16, 5)}.Encode();
      case FloodKind::kWindowUpdate:
        return Frame{Frame::kWindowUpdate, 0, 0, BigEndian(1, 4)}.Encode();
      case FloodKind::kReset:
        return Reset();
      case FloodKind::kContinuation:
        return Frame{Frame::kContinuation, 0, 1, literal_}.Encode();
      case FloodKind::kEmptyData:
        return Data(1, "");
      case FloodKind::kEndlessMessage:
        return Data(1, piece_);
      case FloodKind::kUnknownFrames:
        return Frame{0x77, 0, 1, piece_}.Encode();
    }
    return "";
  }

 private:
  static std::string Data(uint32_t stream, const std::string& bytes, uint8_t flags = 0) {
    return Frame{Frame::kData, flags, stream, bytes}.Encode();
  }
  std::string Open(const std::string& headers) const {
    return Frame{Frame::kHeaders, Frame::kEndHeaders, id_, headers}.Encode();
  }
  std::string Reset() const { return Frame{Frame::kReset, 0, id_, BigEndian(8, 4)}.Encode(); }

  const FloodKind kind_;
  const std::string literal_ = CallHeaders(kMethod);
  const std::string indexed_ = CallHeadersAgain();
  const std::string message_ = GrpcMessage(std::string(20, '\0'));
  const std::string piece_ = std::string(kPieceBytes, 'x');
  const std::string part_ = BigEndian(0, 1) + BigEndian(60'000, 4) + std::string(4000, 'x');
  std::string first_;
  uint32_t id_ = 1;
};

// One connection's part of the flood: from step `report.steps` on.
void FloodOnce(const std::string& address, const FloodOptions& options, absl::Time begin,
               FloodReport& report) {
  Wire wire(address, options.wire);
  Stream stream(options.kind);
  const absl::Time connected = absl::Now();
  std::string piece = Http2Preface() + stream.first();
  int64_t taken = 0;
  ++report.connections;
  report.closed = false;
  while (!report.closed && report.steps < options.steps) {
    int64_t due = options.steps;
    if (options.duration > absl::ZeroDuration()) {
      const double share = absl::FDivDuration(absl::Now() - begin, options.duration);
      due = std::min(due, static_cast<int64_t>(static_cast<double>(options.steps) * share) + 1);
    }
    while (report.steps < due && piece.size() < kPieceBytes) {
      piece += stream.Next();
      ++report.steps;
    }
    report.closed = !wire.Send(piece);
    if (!report.closed) taken += static_cast<int64_t>(piece.size());
    piece.clear();
    if (report.steps >= due && report.steps < options.steps) absl::SleepFor(kPace);
  }
  if (!report.closed && !options.persistent) report.closed = wire.AwaitEnd(kEndPatience);
  report.most_bytes = std::max(report.most_bytes, taken);
  report.longest_life = std::max(report.longest_life, absl::Now() - connected);
}

}  // namespace

std::vector<FloodKind> AllFloods() {
  std::vector<FloodKind> kinds;
  for (const auto& [kind, name] : Names()) kinds.push_back(kind);
  return kinds;
}

std::string FloodName(FloodKind kind) {
  for (const auto& [named, name] : Names()) {
    if (named == kind) return name;
  }
  return "";
}

void PrintTo(FloodKind kind, std::ostream* out) { *out << FloodName(kind); }

std::string FloodBytes(FloodKind kind, int64_t steps) {
  Stream stream(kind);
  std::string bytes = Http2Preface() + stream.first();
  for (int64_t i = 0; i < steps; ++i) bytes += stream.Next();
  return bytes;
}

FloodReport RunFlood(const std::string& address, const FloodOptions& options) {
  FloodReport report;
  const absl::Time begin = absl::Now();
  do {
    FloodOnce(address, options, begin, report);
    if (report.closed) absl::SleepFor(kPace);
  } while (options.persistent && report.steps < options.steps);
  return report;
}

}  // namespace pcaps::integration
