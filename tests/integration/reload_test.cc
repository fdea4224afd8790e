// Certificates, callers and tokens are swapped under load, and nobody notices but who should.
#include <atomic>
#include <iostream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/door.h"
#include "tests/integration/support/wanted.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

constexpr absl::Duration kInForceWithin = absl::Seconds(15);
constexpr int kLoadThreads = 4;
constexpr int kCallsPerConnection = 25;  // Then a new handshake.

// How often each is swapped: 50 times to prove it, 3 to see that it still does.
int Swaps() { return Wanted("PCAPS_TEST_SWAPS", 3); }

std::vector<DoorCaller> CallersAt(int version) {
  return {{.name = "load", .accounts = {"account-a"}, .permission = "write"},
          {.name = "flip", .accounts = {version % 2 == 0 ? "account-even" : "account-odd"}}};
}

std::string Token(int version) { return absl::StrCat("upstream-token-number-", version); }

// How long until `condition` holds.
absl::Duration Awaited(const std::function<bool()>& condition) {
  const absl::Time begin = absl::Now();
  while (absl::Now() < begin + kInForceWithin && !condition()) {
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_TRUE(condition()) << "not in force within " << kInForceWithin;
  return absl::Now() - begin;
}

TEST(Reload, NoCallFailsWhileEverythingIsSwapped) {
  const Door door(CallersAt(0));
  const Authority other;  // Of every second server certificate.
  const TempDir directory;
  const std::string token_file = directory.Write("token", Token(0));
  json::object settings = door.Settings("mtls");
  settings["upstream"] = {{"credentials", {{{"name", "default"}, {"token_file", token_file}}}}};
  Emulator::Options upstream;
  for (int version = 0; version <= Swaps(); ++version) {
    upstream.flags.insert(upstream.flags.end(), {"--token", Token(version)});
  }
  World world(settings, upstream);
  const std::string id = world.emulator.Seed("account-a", 1)[0];

  // Who trusts both authorities.
  const auto client = [&](const std::string& caller, const std::string& roots) {
    const Pem own = door.authority().Issue({"URI:spiffe://test/" + caller});
    grpc::SslCredentialsOptions options{roots, own.key, own.certificate};
    return world.gateway.Connect(grpc::SslCredentials(options));
  };
  const std::string both = door.authority().pem() + other.pem();
  std::atomic<bool> stop = false;
  std::atomic<int64_t> calls = 0;
  std::vector<std::thread> load;
  for (int i = 0; i < kLoadThreads; ++i) {
    load.emplace_back([&, i] {
      v1::GetPcapRequest request = GetRequest(id);
      request.set_account_id("account-a");
      if (i % 2 == 0) request.mutable_max_age();  // Asks the upstream each time.
      while (!stop) {
        Caller caller(client("load", both));
        for (int call = 0; call < kCallsPerConnection && !stop; ++call) {
          const auto answer = caller.Call(request);
          EXPECT_TRUE(answer.status.ok()) << answer.status;
          ++calls;
        }
      }
    });
  }
  absl::Duration slowest;
  for (int version = 1; version <= Swaps(); ++version) {
    const Authority& issuer = version % 2 == 1 ? other : door.authority();
    door.WriteTls(issuer.Issue({"IP:127.0.0.1"}), door.authority().pem());
    door.WriteCallers(CallersAt(version));
    directory.Write("next", Token(version));
    std::filesystem::rename(directory.File("next"), token_file);

    slowest = std::max(slowest, Awaited([&] {
                         Caller caller(client("load", issuer.pem()));
                         v1::GetPcapRequest request = GetRequest(id);
                         request.set_account_id("account-a");
                         return caller.Call(request).status.ok();
                       }));
    Caller flip(client("flip", both));
    const auto reason = [&](const std::string& account) {
      v1::GetPcapRequest request = GetRequest("none");
      request.set_account_id(account);
      return flip.Call(request).Reason();
    };
    const bool even = version % 2 == 0;
    slowest =
        std::max(slowest, Awaited([&] {
                   return reason(even ? "account-even" : "account-odd") == "CAPTURE_NOT_FOUND";
                 }));
    EXPECT_EQ(reason(even ? "account-odd" : "account-even"), "ACCOUNT_NOT_ALLOWED");
    slowest = std::max(slowest, Awaited([&] {
                         const int64_t since =
                             absl::ToUnixMillis(absl::Now() - absl::Milliseconds(500));
                         const std::string seen = world.emulator.Text(
                             "GET", absl::StrCat("requests?since_ms=", since), nullptr);
                         return absl::StrContains(seen, Token(version)) &&
                                !absl::StrContains(seen, absl::StrCat(Token(version - 1), "\n"));
                       }));
  }
  stop = true;
  for (std::thread& each : load) each.join();
  std::cout << "reload: " << Swaps() << " swaps of each, " << calls
            << " calls, slowest in force after " << slowest << "\n";
}

TEST(Reload, ABrokenFileLeavesTheOldOneInForceAndIsShoutedAbout) {
  const Door door(CallersAt(0));
  World world(door.Settings("token"));
  Caller caller(world.gateway.Connect(door.Tls()));
  const auto call = [&] {
    v1::GetPcapRequest request = GetRequest("none");
    request.set_account_id("account-even");
    return caller.Call(request, Bearer("token-of-flip")).Reason();
  };
  EXPECT_EQ(call(), "CAPTURE_NOT_FOUND");
  door.WriteCallersText("callers: [{name: x, accounts: nobody}]");
  const auto shout = world.gateway.WaitForEvent("reload_failed");
  ASSERT_FALSE(shout.empty());
  EXPECT_EQ(shout.at("level"), "error");
  EXPECT_EQ(shout.at("what"), "callers");
  EXPECT_THAT(std::string(shout.at("reason").as_string()), HasSubstr("line 1"));
  EXPECT_EQ(call(), "CAPTURE_NOT_FOUND");

  Pem mixed = door.ServerPem();
  mixed.key = door.ServerPem().key;  // Of another certificate.
  door.WriteTls(mixed, door.authority().pem());
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(world.gateway.RawLog(), "is not the key of the certificate");
  }));
  Caller another(world.gateway.Connect(door.Tls()));  // Shakes hands with the old one.
  EXPECT_EQ(another.Call(GetRequest("none"), Bearer("token-of-load")).Reason(),
            "ACCOUNT_NOT_ALLOWED");
}

TEST(Reload, WhoLosesAccessLosesHisStreamsAndNobodyElseDoes) {
  const Door door(CallersAt(0));
  World world(door.Settings("token"));
  const std::string id = world.emulator.Seed("account-even", 1, "pending")[0];
  const std::string other_id = world.emulator.Seed("account-a", 1, "pending")[0];
  Caller caller(world.gateway.Connect(door.Tls()));
  const auto open = [&](const std::string& account, const std::string& pcap_id,
                        const std::string& who) {
    v1::WatchPcapRequest request = WatchRequest(pcap_id);
    request.set_account_id(account);
    request.mutable_heartbeat_interval()->set_seconds(1);
    return caller.Open(request, Bearer("token-of-" + who));
  };
  auto lost = open("account-even", id, "flip");
  auto kept = open("account-a", other_id, "load");
  v1::WatchEvent event;
  ASSERT_TRUE(lost.Read(&event));
  ASSERT_TRUE(kept.Read(&event));
  door.WriteCallers(CallersAt(1));
  while (lost.Read(&event)) {
  }
  ExpectError(lost.Finish(), absl::StatusCode::kPermissionDenied, "ACCOUNT_NOT_ALLOWED");
  EXPECT_TRUE(kept.Read(&event));
  // Gone altogether.
  auto gone = open("account-odd", id, "flip");
  door.WriteCallers({CallersAt(1)[0]});
  while (gone.Read(&event)) {
  }
  const Outcome outcome = gone.Finish();
  // The capture is another account's, so the stream may have ended by itself before.
  EXPECT_TRUE(outcome.Reason() == "CALLER_UNAUTHENTICATED" ||
              outcome.Reason() == "CAPTURE_NOT_FOUND")
      << outcome.status;
  EXPECT_TRUE(kept.Read(&event));
}

TEST(Reload, ACreateThatWaitsForItsTurnEndsWhenItsCallerMayNotWriteAnyMore) {
  std::vector<DoorCaller> callers = CallersAt(0);
  const Door door(callers);
  json::object settings = door.Settings("token");
  settings["upstream"] = {{"rules", {{"simple_create_interval", "60s"}}}};
  World world(settings);
  Caller caller(world.gateway.Connect(door.Tls()));
  v1::CreatePcapRequest request = SimpleRequest();
  request.set_account_id("account-a");
  ASSERT_TRUE(caller.Call(request, Bearer("token-of-load")).status.ok());
  request.mutable_max_queue_wait()->set_seconds(50);
  std::thread revoke([&] {
    EXPECT_TRUE(Eventually([&] { return world.emulator.CapturesCreated() == 1; }));
    callers[0].permission = "read";
    door.WriteCallers(callers);
  });
  const auto waited = caller.Call(request, Bearer("token-of-load"));
  revoke.join();
  ExpectError(waited, absl::StatusCode::kPermissionDenied, "ACCOUNT_NOT_ALLOWED");
  EXPECT_EQ(world.emulator.CapturesCreated(), 1);
}

}  // namespace
}  // namespace pcaps::integration
