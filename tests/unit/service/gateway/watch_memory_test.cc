// What an idle watcher costs, without its gRPC stream. A sanitizer's allocator counts nothing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <gtest/gtest.h>
#include <malloc.h>

#include <boost/asio/io_context.hpp>

#include "service/gateway/pcap_cache.h"
#include "service/gateway/watch_hub.h"
#include "service/gateway/watch_stream.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

constexpr int kWatchers = 2000;
// The use case's share of 8 KiB an idle watcher.
constexpr double kMaxBytes = 4096;

class NoWriter : public StreamWriter<v1::WatchEvent> {
 public:
  Task<bool> Write(v1::WatchEvent) override { co_return true; }
  Task<bool> WriteBehind(v1::WatchEvent) override { co_return true; }
  Task<bool> WriteLast(v1::WatchEvent) override { co_return true; }
};

Task<absl::Status> Stream(WatchHub& hub, Clock& clock, std::string pcap_id,
                          StreamWriter<v1::WatchEvent>& writer) {
  const std::unique_ptr<Watcher> watcher = *hub.Watch("acct", {std::move(pcap_id)});
  co_return co_await StreamWatch(*watcher, clock, {}, writer);
}

TEST(WatchMemory, AnIdleWatcherCostsLittle) {
  boost::asio::io_context loop;
  SystemClock clock;
  FakePcapsApi api(clock);
  MemoryState state(loop.get_executor(), clock);
  PcapCache cache(loop.get_executor(), state, clock, {.alone = true});
  WatchHub hub(loop.get_executor(), api, cache, state, clock, [] { return 0.0; }, WatchOptions());
  api.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  NoWriter writer;
  const auto start = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Spawn(loop.get_executor(), {}, Stream(hub, clock, "a", writer), [](const absl::Status&) {});
    }
    loop.poll();
  };
  start(10);
  const size_t before = mallinfo2().uordblks;
  start(kWatchers - 10);
  ASSERT_EQ(hub.watchers(), kWatchers);
  const double bytes = static_cast<double>(mallinfo2().uordblks - before) / (kWatchers - 10);
  RecordProperty("bytes_per_watcher", static_cast<int>(bytes));
  EXPECT_LT(bytes, kMaxBytes);
  std::cout << "bytes per watcher: " << bytes << "\n";
}

}  // namespace
}  // namespace pcaps

#endif
