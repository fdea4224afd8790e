// Two replicas that create captures: one upstream, one shared state, one clock.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "service/gateway/create_once.h"
#include "tests/unit/support/creating_api.h"
#include "tests/unit/support/failing_state.h"
#include "tests/unit/support/losable_state.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {

inline v1::CreatePcapRequest SimpleRequest(const std::string& request_id, int packets = 10) {
  v1::CreatePcapRequest request;
  request.set_account_id("acct");
  request.set_request_id(request_id);
  request.mutable_time_limit()->set_seconds(10);
  request.mutable_simple()->set_packet_limit(packets);
  return request;
}

inline v1::CreatePcapRequest FullRequest(const std::string& request_id) {
  v1::CreatePcapRequest request;
  request.set_account_id("acct");
  request.set_request_id(request_id);
  request.mutable_time_limit()->set_seconds(300);
  request.mutable_full()->set_colo_name("ord02");
  request.mutable_full()->set_destination_conf("s3://bucket/dir?region=x&secret-access-key=secret");
  return request;
}

inline v1::CreatePcapRequest Patient(v1::CreatePcapRequest request, absl::Duration wait) {
  *request.mutable_max_queue_wait() = ToProtoDuration(wait);
  return request;
}

class CreateFixture : public testing::Test {
 protected:
  using Answer = absl::StatusOr<v1::Pcap>;
  using Pending = std::shared_ptr<std::optional<Answer>>;

  explicit CreateFixture(CreateRulesOptions rules) : rules_(rules) {}

  static CreateRulesOptions NoRules() { return {absl::ZeroDuration(), false}; }

  struct Replica {
    Replica(CreateFixture& world, CreateOnceOptions options)
        : state(world.memory_),
          api(world.upstream_, world.clock_),
          once(
              world.loop_.get_executor(), state, api, world.clock_,
              [this](std::string account, std::string id, std::optional<absl::Duration>,
                     CallTerms terms) { return api.GetPcap(account, id, terms); },
              std::move(options)) {}
    FailingState state;
    CreatingApi api;
    CreateOnce once;
  };

  std::unique_ptr<Replica> NewReplica(const std::string& name, int max_open_per_account = 100) {
    return std::make_unique<Replica>(
        *this, CreateOnceOptions{.holder = name,
                                 .rules = rules_,
                                 .max_open = 150,
                                 .max_open_per_account = max_open_per_account});
  }

  Pending Start(Replica& replica, v1::CreatePcapRequest request,
                boost::asio::cancellation_slot slot = {},
                CallTerms terms = absl::InfiniteFuture()) {
    auto pending = std::make_shared<std::optional<Answer>>();
    Spawn(loop_.get_executor(), slot, replica.once.Run(std::move(request), std::move(terms)),
          [pending](Answer answer) { *pending = std::move(answer); });
    Poll();
    return pending;
  }
  // Lets time pass until it is answered.
  Answer Await(const Pending& pending, absl::Duration at_most = absl::Hours(1)) {
    const absl::Time until = clock_.Now() + at_most;
    while (!pending->has_value() && clock_.NextWake() <= until) {
      clock_.Advance(std::max(clock_.NextWake() - clock_.Now(), absl::ZeroDuration()));
      Poll();
    }
    return pending->value_or(absl::UnknownError("it is not answered"));
  }
  Answer Run(Replica& replica, v1::CreatePcapRequest request) {
    return Await(Start(replica, std::move(request)));
  }
  void Pass(absl::Duration time) {
    const absl::Time until = clock_.Now() + time;
    while (clock_.Now() < until) {
      clock_.Advance(
          std::clamp(clock_.NextWake() - clock_.Now(), absl::ZeroDuration(), until - clock_.Now()));
      Poll();
    }
  }
  void Poll() {
    loop_.restart();
    loop_.poll();
  }

  static CreateFate Lost(bool executed) {
    return {.executed = executed, .answer = CreateFate::Answer::kLost};
  }

  const CreateRulesOptions rules_;
  boost::asio::io_context loop_;
  ManualClock clock_{absl::UnixEpoch() + absl::Hours(24 * 365 * 50)};
  CreatingUpstream upstream_;
  LosableState memory_{loop_.get_executor(), clock_};
  std::unique_ptr<Replica> a_ = NewReplica("a");
  std::unique_ptr<Replica> b_ = NewReplica("b");
};

}  // namespace pcaps
