// Thousands of named creations at three replicas, while answers get lost, the state fails, and
// replicas die: each name creates once, and no capture is two callers'.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "service/gateway/create_once.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/creating_api.h"
#include "tests/unit/support/failing_state.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

constexpr int kNames = 3000;
constexpr int kAccounts = 6;
constexpr int kReplicas = 3;
constexpr int kCallers = 60;
constexpr absl::Duration kStep = absl::Milliseconds(20);
const absl::Time kStart = absl::FromUnixSeconds(1577836800);

class CreateStormTest : public testing::TestWithParam<int> {
 protected:
  // One who wants a capture, and asks for it until he has it.
  struct Caller {
    v1::CreatePcapRequest request;
    int asked = 0;
    bool waits = false;
    int replica_life = 0;  // Of the replica that he waits for.
    std::shared_ptr<boost::asio::cancellation_signal> leave;
    absl::Time next = absl::InfinitePast();
    std::string pcap_id;
    bool gave_up = false;
  };

  // A process: when it dies, nothing of it goes on.
  struct Replica {
    Replica(CreateStormTest& storm, int life)
        : life(life),
          clock(storm.clock_.Now()),
          state(storm.memory_),
          api(storm.upstream_, clock),
          once(loop->get_executor(), state, api, clock,
               [this](std::string account, std::string id, std::optional<absl::Duration>,
                      CallTerms terms) { return api.GetPcap(account, id, terms); },
               {.holder = absl::StrCat("life", life),
                .rules = {absl::ZeroDuration(), /*one_full_at_a_time=*/false}}) {
      state.trouble = [this, &storm] {
        if (clock.Now() < down_until) return FailingState::Trouble::kFailsBefore;
        const double luck = storm.Luck();
        if (luck < 0.0002) down_until = clock.Now() + absl::Seconds(3);
        if (luck < 0.002) return FailingState::Trouble::kFailsBefore;
        return luck < 0.004 ? FailingState::Trouble::kFailsAfter : FailingState::Trouble::kNone;
      };
      // They create far more in a minute than the upstream allows, and lists.
      api.list_size = kNames;
      api.fate = [&storm](const auto&) { return storm.Fate(); };
    }
    ~Replica() { loop.reset(); }

    const int life;
    std::unique_ptr<boost::asio::io_context> loop = std::make_unique<boost::asio::io_context>();
    ManualClock clock;
    absl::Time down_until = absl::InfinitePast();
    FailingState state;
    CreatingApi api;
    CreateOnce once;
  };

  double Luck() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  CreateFate Fate() {
    CreateFate fate{.executed_after = Luck() * absl::Milliseconds(30),
                    .answer_after = Luck() * absl::Milliseconds(30)};
    const double luck = Luck();
    if (luck < 0.02) fate.answer = CreateFate::Answer::kNotSent;
    if (luck > 0.97) fate.answer = CreateFate::Answer::kLost;  // After it was executed.
    if (luck > 0.985) fate.executed = false;                   // Before.
    if (luck > 0.99) {                                         // During: slow, too.
      fate = {.executed_after = Luck() * absl::Seconds(20), .answer_after = absl::Seconds(20)};
    }
    return fate;
  }

  void Ask(Caller& caller) {
    Replica& replica = *replicas_[static_cast<size_t>(Luck() * kReplicas)];
    ++caller.asked;
    caller.waits = true;
    caller.replica_life = replica.life;
    caller.leave = std::make_shared<boost::asio::cancellation_signal>();
    Spawn(replica.loop->get_executor(), caller.leave->slot(),
          replica.once.Run(caller.request, absl::InfiniteFuture()),
          [this, &caller, leave = caller.leave](const absl::StatusOr<v1::Pcap>& pcap) {
            Answered(caller, pcap);
          });
  }

  void Answered(Caller& caller, const absl::StatusOr<v1::Pcap>& pcap) {
    caller.waits = false;
    caller.next = clock_.Now() + Luck() * absl::Seconds(2);
    if (pcap.ok()) {
      caller.pcap_id = pcap->id();
      return;
    }
    if (absl::IsCancelled(pcap.status())) return;
    reasons_.insert(ReasonOf(pcap.status()));
    if (!absl::IsAborted(pcap.status())) return;
    caller.next = clock_.Now() + absl::Seconds(30);
    // Nothing was created under this name, nor will be.
    caller.gave_up = upstream_.executed[caller.request.request_id()] == 0 && caller.asked > 20;
  }

  void Kill(std::unique_ptr<Replica>& replica) {
    const int life = replica->life;
    replica.reset();
    for (Caller& caller : callers_) {
      if (!caller.waits || caller.replica_life != life) continue;
      caller.waits = false;
      caller.next = clock_.Now();
    }
    replica = std::make_unique<Replica>(*this, ++lives_);
  }

  // True while somebody wants something.
  bool Step() {
    int wanting = 0;
    for (Caller& caller : callers_) {
      if (!caller.pcap_id.empty() || caller.gave_up) continue;
      if (++wanting > kCallers) break;
      if (!caller.waits && caller.next <= clock_.Now()) {
        Ask(caller);
      } else if (caller.waits && Luck() < 0.001) {
        caller.leave->emit(boost::asio::cancellation_type::terminal);
      }
    }
    clock_.Advance(kStep);
    for (std::unique_ptr<Replica>& each : replicas_) {
      each->clock.Advance(kStep);
      each->loop->restart();
      each->loop->poll();
      if (Luck() < 0.0003) Kill(each);
    }
    return wanting > 0;
  }

  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
  boost::asio::io_context state_loop_;
  ManualClock clock_{kStart};
  MemoryState memory_{state_loop_.get_executor(), clock_};
  CreatingUpstream upstream_;
  std::vector<Caller> callers_{kNames};
  std::set<v1::ErrorReason> reasons_;
  int lives_ = 0;
  std::array<std::unique_ptr<Replica>, kReplicas> replicas_;
};

TEST_P(CreateStormTest, EachNameCreatesOnceAndNoCaptureIsTwoCallers) {
  upstream_.ahead = -absl::Seconds(90);
  for (std::unique_ptr<Replica>& each : replicas_) {
    each = std::make_unique<Replica>(*this, ++lives_);
  }
  for (int i = 0; i < kNames; ++i) {
    v1::CreatePcapRequest& request = callers_[i].request;
    request.set_account_id(absl::StrCat("acct", i % kAccounts));
    request.set_request_id(absl::StrCat("name", i));
    request.mutable_time_limit()->set_seconds(10);
    request.mutable_simple()->set_packet_limit(10);  // All are alike.
  }
  while (Step()) ASSERT_LT(clock_.Now() - kStart, absl::Hours(10));

  int unknown = 0;
  for (const Caller& caller : callers_) {
    const std::string& name = caller.request.request_id();
    EXPECT_LE(upstream_.posts[name], 1) << name;
    const auto* const made = upstream_.Find(caller.pcap_id);
    if (made != nullptr) {
      EXPECT_EQ(made->request_id, name);
    } else {
      ++unknown;
      EXPECT_EQ(upstream_.executed[name], 0) << name;
    }
  }
  EXPECT_EQ(upstream_.made.size() + unknown, kNames);
  // Some POSTs were lost before they were executed, or never sent by one who died.
  EXPECT_GT(unknown, 0);
  EXPECT_LT(unknown, kNames / 50);
  EXPECT_GT(lives_, kReplicas + 5);
  for (const v1::ErrorReason reason : reasons_) {
    const bool expected = reason == v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE ||
                          reason == v1::ERROR_REASON_UPSTREAM_UNAVAILABLE ||
                          reason == v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN;
    EXPECT_TRUE(expected) << ReasonName(reason);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CreateStormTest, testing::Range(1, 5));

}  // namespace
}  // namespace pcaps
