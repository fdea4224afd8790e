#include "service/rpc/stream_registry.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

class FakeStream : public EndableStream {
 public:
  void EndWith(absl::Status why) override { ended = std::move(why); }
  absl::Status StillAllowed() const override { return allowed; }
  absl::Status allowed;
  absl::Status ended;
};

TEST(StreamRegistry, EndsThoseWhoseCallersHaveLostAccessAndNoOthers) {
  StreamRegistry registry;
  const auto allowed = std::make_shared<FakeStream>();
  const auto lost = std::make_shared<FakeStream>();
  lost->allowed = absl::PermissionDeniedError("not any more");
  registry.Add(allowed);
  registry.Add(lost);
  EXPECT_EQ(registry.EndThoseNotAllowed(), 1);
  EXPECT_TRUE(allowed->ended.ok());
  EXPECT_TRUE(absl::IsPermissionDenied(lost->ended));
}

TEST(StreamRegistry, DrainHandsOutTheOpenStreamsAndEndsNewcomers) {
  StreamRegistry registry;
  const auto open = std::make_shared<FakeStream>();
  const auto closed = std::make_shared<FakeStream>();
  registry.Add(open);
  registry.Remove(registry.Add(closed));
  const auto streams = registry.BeginDrain(absl::UnavailableError("draining"));
  ASSERT_EQ(streams.size(), 1u);
  EXPECT_EQ(streams[0].lock(), open);
  EXPECT_TRUE(open->ended.ok()) << "ending them is the caller's, in its own time";
  const auto newcomer = std::make_shared<FakeStream>();
  registry.Add(newcomer);
  EXPECT_TRUE(absl::IsUnavailable(newcomer->ended));
}

}  // namespace
}  // namespace pcaps
