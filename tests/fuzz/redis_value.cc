// What the fleet's Redis holds, as any program may have written it: no value is taken for one of
// another account or capture, and none that is taken can hurt. Input: a letter that says what is
// read, then the bytes.
#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/base/proto_time.h"
#include "service/gateway/create_record.h"
#include "service/gateway/pcap_cache.h"
#include "service/state/memory_state.h"
#include "service/state/ordered_value.h"
#include "tests/fuzz/property.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

const CaptureKey kKey = {"a1", "p1"};
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// Holds one value, whatever is asked for.
class GivenState final : public MemoryState {
 public:
  GivenState(Loop control, Clock& clock, std::optional<OrderedValue> value)
      : MemoryState(std::move(control), clock), value_(std::move(value)) {}

  Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> GetMany(
      std::vector<std::string> keys) override {
    co_return std::vector<std::optional<OrderedValue>>(keys.size(), value_);
  }
  void Subscribe(std::function<void(std::string message)> on_message,
                 std::function<void()> /*on_gap*/) override {
    on_message_ = std::move(on_message);
  }
  void Tell(const std::string& message) { on_message_(message); }

 private:
  const std::optional<OrderedValue> value_;
  std::function<void(std::string message)> on_message_;
};

// A cache in front of one value.
struct World {
  explicit World(std::optional<OrderedValue> value = std::nullopt)
      : state(loop.get_executor(), clock, std::move(value)),
        cache(loop.get_executor(), state, clock, {}) {
    cache.Listen([this](const Observation& seen) { newer.push_back(seen); }, [] {});
  }

  boost::asio::io_context loop;
  ManualClock clock{kNow};
  GivenState state;
  PcapCache cache;
  std::vector<Observation> newer;  // What watchers are told.
};

void CheckAge(const Remembered& known) {
  Require(known.seen <= kNow, "nothing was seen in the future");
  Require(known.fresh_until <= known.usable_until && known.usable_until <= known.kept_until,
          "what is fresh is usable, and what is usable is kept");
  Require(known.usable_until <= kNow + absl::Hours(24 * 366), "nothing is usable for ever");
}

void CheckKnown(const Known& known) {
  CheckAge(*known);
  const absl::StatusOr<v1::Pcap> pcap = CaptureOf(kKey, *known);
  if (!pcap.ok()) return Require(absl::IsNotFound(pcap.status()), "there is one, or none");
  Require(pcap->account_id() == kKey.account_id && pcap->id() == kKey.pcap_id,
          "a capture is the one asked for");
}

void CheckTold(const std::vector<Observation>& newer) {
  for (const Observation& seen : newer) {
    Require(IsSafeInPath(seen.pcap.account_id()) && IsSafeInPath(seen.pcap.id()),
            "news are of a capture", seen.pcap.id());
    Require(FromRecord(ToRecord(seen)).pcap.id() == seen.pcap.id(), "news can be passed on");
  }
}

std::optional<OrderedValue> Value(const std::string& bytes) {
  const std::optional<OrderedValue> value = ReadOrderedValue(bytes);
  if (value.has_value()) {
    Require(WriteOrderedValue(*value) == bytes, "a value is written as it was read", bytes);
  }
  return value;
}

void FeedCapture(const std::string& bytes) {
  World world(Value(bytes));
  const Known known = RunTask(world.loop, world.cache.Read(kKey));
  if (known != nullptr) CheckKnown(known);
  Require((known == nullptr) == (world.cache.Find(kKey) == nullptr) || known == nullptr ||
              known->bytes.empty(),
          "what was read is known");
  CheckTold(world.newer);
}

void FeedList(const std::string& bytes) {
  World world(Value(bytes));
  const Known known = RunTask(world.loop, world.cache.ReadList(kKey.account_id));
  if (known == nullptr) return;
  CheckAge(*known);
  for (const v1::Pcap& pcap : world.cache.CapturesOf(kKey.account_id, *known)) {
    Require(pcap.account_id() == kKey.account_id && IsSafeInPath(pcap.id()),
            "a list is of the account asked for");
  }
}

void FeedNews(const std::string& bytes) {
  World world;
  world.state.Tell(bytes);
  CheckTold(world.newer);
  if (const Known known = world.cache.Find(kKey); known != nullptr) CheckKnown(known);
  if (const Known list = world.cache.FindList(kKey.account_id); list != nullptr) CheckAge(*list);
}

void FeedCreate(const std::string& bytes) {
  const std::optional<StoredCreate> stored = ParseCreate(bytes);
  if (!stored.has_value()) return;
  Require(stored->bytes == bytes, "a record is kept as it was read, to be replaced by comparison");
  if (stored->record.state() == state::v1::CreateRecord::STATE_DONE) {
    Require(IsSafeInPath(stored->record.pcap_id()), "what was created has an id");
  }
  const std::optional<StoredCreate> done = ParseCreate(DoneCreate(stored->record, "p1"));
  Require(done.has_value() && done->record.pcap_id() == "p1" &&
              done->record.fingerprint() == stored->record.fingerprint(),
          "a record can be done");
  const std::optional<StoredCreate> unknown = ParseCreate(UnknownCreate(stored->record, kNow));
  Require(unknown.has_value() && FromTimestamp(unknown->record.give_up_time()) == kNow,
          "a record can be given up");
}

int FeedNamed(char name, const std::string& bytes) {
  switch (name) {
    case 'p':
      FeedCapture(bytes);
      return 0;
    case 'l':
      FeedList(bytes);
      return 0;
    case 'u':
      FeedNews(bytes);
      return 0;
    case 'c':
      FeedCreate(bytes);
      return 0;
    default:
      return -1;
  }
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return -1;
  return pcaps::FeedNamed(static_cast<char>(data[0]),
                          {reinterpret_cast<const char*>(data) + 1, size - 1});
}
