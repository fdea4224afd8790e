// Who gets in, and to what: only what the callers file allows.
#include <grpc/health/v1/health.grpc.pb.h>

#include <functional>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "tests/integration/support/door.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

using testing::HasSubstr;

const char* const kAccounts[] = {"account-a", "account-b", "no-such-account"};

const std::vector<DoorCaller> kCallers = {
    {.name = "reader-a", .accounts = {"account-a"}},
    {.name = "writer-a", .accounts = {"account-a"}, .permission = "write"},
    {.name = "reader-all", .accounts = {"*"}},
    {.name = "writer-all", .accounts = {"*"}, .permission = "write"},
};

struct Rpc {
  const char* name;
  bool writes;
  std::function<Outcome(Caller&, const std::string& account, const Headers&)> call;
};

template <typename Request>
auto CallWith(Request request) {
  return [request](Caller& caller, const std::string& account, const Headers& headers) -> Outcome {
    Request mine = request;
    mine.set_account_id(account);
    return caller.Call(mine, headers);
  };
}

std::vector<Rpc> AllRpcs() {
  v1::WatchPcapsRequest watch;
  watch.add_pcap_ids("none");
  return {{"ListPcaps", false, CallWith(v1::ListPcapsRequest())},
          {"GetPcap", false, CallWith(GetRequest("none"))},
          {"DownloadPcap", false, CallWith(DownloadRequest("none"))},
          {"WatchPcap", false, CallWith(WatchRequest("none"))},
          {"WatchPcaps", false, CallWith(watch)},
          {"CreatePcap", true, CallWith(SimpleRequest())},
          {"StopPcap", true, CallWith(Text<v1::StopPcapRequest>("pcap_id: 'none'"))},
          {"ListOwnerships", false, CallWith(ListOwnershipsRequest())},
          {"CreateOwnership", true, CallWith(CreateOwnershipRequest())},
          {"ValidateOwnership", true, CallWith(ValidateRequest("c"))},
          {"DeleteOwnership", true, CallWith(DeleteRequest("none"))}};
}

// What the door says of a call; "in" where it lets it in, whatever comes of it then.
std::string Verdict(const Outcome& outcome) {
  const std::string reason = outcome.Reason();
  if (reason == "CALLER_UNAUTHENTICATED") {
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kUnauthenticated);
    return "unknown";
  }
  if (reason == "ACCOUNT_NOT_ALLOWED") {
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kPermissionDenied);
    return "forbidden";
  }
  if (outcome.status.ok() || !reason.empty()) return "in";
  return absl::StrCat("no answer: ", outcome.status.ToString());
}

std::string Expected(const std::string& mode, const DoorCaller* caller, const std::string& account,
                     const Rpc& rpc) {
  if (mode == "none") return "in";
  if (caller == nullptr) return "unknown";
  const bool mine = caller->accounts[0] == "*" || caller->accounts[0] == account;
  return mine && (!rpc.writes || caller->permission == "write") ? "in" : "forbidden";
}

struct Guest {
  std::string name;
  const DoorCaller* known;  // Null: nobody knows him.
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  Headers headers;
};

std::vector<Guest> GuestsOf(const Door& door, const std::string& mode) {
  std::vector<Guest> guests;
  const bool mtls = mode == "mtls";
  for (const DoorCaller& caller : kCallers) {
    guests.push_back({caller.name, &caller, door.Tls(mtls ? caller.uri() : ""),
                      mtls ? Headers() : Bearer(caller.token())});
  }
  guests.push_back({"nobody", nullptr, door.Tls(), {}});
  if (mode == "token") {
    guests.push_back({"wrong token", nullptr, door.Tls(), Bearer("token-of-reader")});
    guests.push_back({"no bearer", nullptr, door.Tls(), {{"authorization", kCallers[0].token()}}});
  } else if (mtls) {
    guests.push_back({"other URI", nullptr, door.Tls("spiffe://test/reader-a/x"), {}});
    guests.push_back({"URI as DNS", nullptr, door.Tls("spiffe.test"), {}});
    guests.push_back({"token only", nullptr, door.Tls(), Bearer(kCallers[3].token())});
  }
  return guests;
}

class Access : public testing::TestWithParam<const char*> {};

TEST_P(Access, IsWhatTheCallersFileAllowsAndNothingElse) {
  const std::string mode = GetParam();
  const Door door(kCallers);
  World world(door.Settings(mode));
  const std::vector<Rpc> rpcs = AllRpcs();
  for (const Guest& guest : GuestsOf(door, mode)) {
    Caller caller(world.gateway.Connect(guest.credentials));
    for (const char* const account : kAccounts) {
      std::string row;
      for (const Rpc& rpc : rpcs) {
        const std::string verdict = Verdict(rpc.call(caller, account, guest.headers));
        EXPECT_EQ(verdict, Expected(mode, guest.known, account, rpc))
            << guest.name << " " << account << " " << rpc.name;
        absl::StrAppend(&row, " ", rpc.name, "=", verdict);
      }
      std::cout << mode << " | " << guest.name << " | " << account << " |" << row << "\n";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Access, testing::Values("none", "mtls", "token"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST(Door, ACertificateThatNamesTwoCallersIsNobodys) {
  const Door door(kCallers);
  World world(door.Settings("mtls"));
  const auto call = [&](const std::vector<std::string>& names) {
    Caller caller(
        world.gateway.Connect(Door::Tls(door.authority(), door.authority().Issue(names))));
    v1::GetPcapRequest request = GetRequest("none");
    request.set_account_id("account-a");
    return caller.Call(request).Reason();
  };
  const std::string reader = "URI:" + kCallers[0].uri();
  EXPECT_EQ(call({reader, "URI:spiffe://elsewhere"}), "CAPTURE_NOT_FOUND");
  EXPECT_EQ(call({reader, "URI:" + kCallers[1].uri()}), "CALLER_UNAUTHENTICATED");
}

TEST(Door, ACertificateOfAnotherAuthorityGetsNoConnection) {
  const Door door(kCallers);
  World world(door.Settings("mtls"));
  const Authority other;
  Caller forger(world.gateway.Connect(
      Door::Tls(door.authority(), other.Issue({"URI:" + kCallers[3].uri()}))));
  const auto refused = forger.Call(GetRequest("none"));
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kUnavailable) << refused.status;
  EXPECT_EQ(refused.Reason(), "");
  Caller late(world.gateway.Connect(Door::Tls(
      door.authority(), door.authority().Issue({"URI:" + kCallers[3].uri()}, /*age=*/3601))));
  EXPECT_EQ(late.Call(GetRequest("none")).status.code(), absl::StatusCode::kUnavailable);
  Caller plain(world.gateway);
  EXPECT_EQ(plain.Call(GetRequest("none")).status.code(), absl::StatusCode::kUnavailable);
}

TEST(Door, PcapctlGetsInWithACertificateOrAToken) {
  const Door door(kCallers);
  const TempDir directory;
  const Pem own = door.authority().Issue({"URI:" + kCallers[0].uri()});
  const std::string ca = directory.Write("ca.pem", door.authority().pem());
  for (const std::string mode : {"mtls", "token"}) {
    World world(door.Settings(mode));
    std::vector<std::string> command = {
        PCAPCTL,     "list",      "--target",  world.gateway.address(),
        "--account", "account-a", "--ca-file", ca};
    EXPECT_NE(RunToEnd(command).exit_code, 0) << mode;
    if (mode == "mtls") {
      command.insert(command.end(), {"--cert-file", directory.Write("cert.pem", own.certificate),
                                     "--key-file", directory.Write("key.pem", own.key)});
    } else {
      command.insert(command.end(),
                     {"--token-file", directory.Write("token", kCallers[0].token())});
    }
    const Finished listed = RunToEnd(command);
    EXPECT_EQ(listed.exit_code, 0) << mode << listed.err;
  }
}

TEST(Door, AWriteLeavesOneAuditLineWithoutASecret) {
  const Door door(kCallers);
  World world(door.Settings("token"));
  Caller caller(world.gateway.Connect(door.Tls()));
  Headers headers = Bearer(kCallers[1].token());
  headers["request-id"] = "audited";
  v1::CreatePcapRequest request = FullRequest();
  request.set_account_id("account-a");
  request.mutable_filter()->set_destination_port(53);
  request.mutable_full()->set_destination_conf(
      "r2://bucket/dir?account-id=a1b2&access-key-id=AKIAS3CR3T&secret-access-key=S3crEtkey");
  const auto created = caller.Call(request, headers);
  ASSERT_TRUE(created.status.ok()) << created.status;
  const auto line = world.gateway.WaitForEvent("audit");
  ASSERT_FALSE(line.empty());
  EXPECT_EQ(line.at("caller"), "writer-a");
  EXPECT_EQ(line.at("account"), "account-a");
  EXPECT_EQ(line.at("code"), "OK");
  EXPECT_EQ(line.at("request_id"), "audited");
  EXPECT_EQ(std::string(line.at("pcap_id").as_string()), created.response.id());
  EXPECT_EQ(line.at("filter").at("destination_port"), 53);
  EXPECT_THAT(std::string(line.at("bucket").as_string()), HasSubstr("r2://bucket/dir"));
  EXPECT_NE(line.at("cf_ray").as_string(), "");
  EXPECT_EQ(world.gateway.RawLog().find("S3crEt"), std::string::npos);

  v1::StopPcapRequest stop;
  stop.set_account_id("account-b");
  stop.set_pcap_id(created.response.id());
  ExpectError(caller.Call(stop, headers), absl::StatusCode::kPermissionDenied,
              "ACCOUNT_NOT_ALLOWED");
  caller.Call(GetRequest("none"), headers);
  EXPECT_TRUE(
      Eventually([&] { return world.gateway.RawLog().find("StopPcap") != std::string::npos; }));
  int audits = 0;
  for (const auto& each : world.gateway.Log()) {
    if (each.at("event") != "audit") continue;
    ++audits;
    if (each.at("method") == "/pcaps.v1.PcapsService/StopPcap") {
      EXPECT_EQ(each.at("reason"), "ACCOUNT_NOT_ALLOWED");
    }
  }
  EXPECT_EQ(audits, 2);
}

TEST(Door, ACallersOwnRateIsHis) {
  std::vector<DoorCaller> callers = kCallers;
  callers[0].rate_limit = {{"requests_per_second", 0.01}, {"burst", 2}};
  const Door door(callers);
  World world(door.Settings("token"));
  Caller caller(world.gateway.Connect(door.Tls()));
  v1::GetPcapRequest request = GetRequest("none");
  request.set_account_id("account-a");
  const auto call = [&](int who) { return caller.Call(request, Bearer(callers[who].token())); };
  for (int i = 0; i < 2; ++i) EXPECT_EQ(call(0).Reason(), "CAPTURE_NOT_FOUND");
  const auto refused = call(0);
  ExpectError(refused, absl::StatusCode::kResourceExhausted, "CALLER_RATE_LIMITED");
  EXPECT_GT(ExpectRetryInfo(refused), absl::ZeroDuration());
  EXPECT_EQ(QuotaFailureOf(refused.status).violations(0).subject(), "caller:reader-a");
  EXPECT_EQ(call(1).Reason(), "CAPTURE_NOT_FOUND");
}

TEST(Door, HealthIsOpenToAllOrToKnownCallers) {
  const Door door(kCallers);
  for (const bool open : {true, false}) {
    auto settings = door.Settings("token");
    settings["auth"].as_object()["open_health"] = open;
    World world(settings);
    const auto stub = grpc::health::v1::Health::NewStub(world.gateway.Connect(door.Tls()));
    const auto check = [&](const Headers& headers) {
      grpc::health::v1::HealthCheckResponse response;
      return stub->Check(Caller::NewContext(headers).get(), {}, &response).error_code();
    };
    EXPECT_EQ(check({}), open ? grpc::StatusCode::OK : grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(check(Bearer(kCallers[0].token())), grpc::StatusCode::OK);
    const auto context = Caller::NewContext({});
    const auto watch = stub->Watch(context.get(), {});
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_EQ(watch->Read(&response), open);
    context->TryCancel();
    watch->Finish();
  }
}

}  // namespace
}  // namespace pcaps::integration
