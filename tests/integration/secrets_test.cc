// Secrets planted wherever there are any, and looked for wherever they might show.
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/integration/support/door.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

constexpr char kRedisPassword[] = "redis-pa55word-secret";
constexpr char kBucketWithKeys[] =
    "r2://bucket/"
    "dir?account-id=a1b2&access-key-id=AKIAS3CR3TKEYID&secret-access-key=S3crEtAcc3ssKey";

// Looks for each secret as it is, in Base64, and percent-encoded.
class Hunt {
 public:
  void Plant(const std::string& name, const std::string& secret) { secrets_[name] = secret; }

  void Search(const std::string& where, const std::string& text) {
    bytes_ += static_cast<int64_t>(text.size());
    for (const auto& [name, secret] : secrets_) {
      for (const std::string& form : {secret, absl::Base64Escape(secret)}) {
        EXPECT_EQ(text.find(form), std::string::npos) << name << " is in " << where;
      }
    }
  }

  template <typename Response>
  void SearchAnswer(const std::string& where, const Answer<Response>& answer) {
    Search(where, answer.response.DebugString());
    SearchOutcome(where, answer);
  }
  void SearchOutcome(const std::string& where, const Outcome& outcome) {
    Search(where, outcome.status.ToString());
    Search(where, ErrorInfoOf(outcome.status).DebugString());
    Search(where, BadRequestOf(outcome.status).DebugString());
    for (const auto& [key, value] : outcome.headers) Search(absl::StrCat(where, " ", key), value);
  }

  int64_t bytes() const { return bytes_; }
  size_t secrets() const { return secrets_.size(); }

 private:
  std::map<std::string, std::string> secrets_;
  int64_t bytes_ = 0;
};

// The middle of a PEM file, where the secret is.
std::string HeartOf(const std::string& pem) {
  const std::vector<std::string> lines = absl::StrSplit(pem, '\n');
  return lines.at(1);
}

std::string AllOf(const Redis& redis) {
  const auto ask = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"-a", kRedisPassword, "--no-auth-warning"});
    return redis.Command(words);
  };
  std::string all;
  const std::string names = ask({"KEYS", "*"});
  const std::vector<std::string> keys = absl::StrSplit(names, '\n', absl::SkipEmpty());
  for (const std::string& key : keys) {
    const std::string type = ask({"TYPE", key});
    absl::StrAppend(&all, key, " ");
    if (type == "string") absl::StrAppend(&all, ask({"GET", key}), "\n");
    if (type == "hash") absl::StrAppend(&all, ask({"HGETALL", key}), "\n");
    if (type == "zset") absl::StrAppend(&all, ask({"ZRANGE", key, "0", "-1"}), "\n");
    if (type == "set") absl::StrAppend(&all, ask({"SMEMBERS", key}), "\n");
  }
  return all;
}

TEST(Secrets, AreInNoLogNoErrorNoAnswerNoPageAndNotInRedis) {
  const std::vector<DoorCaller> callers = {
      {.name = "caller", .accounts = {"*"}, .permission = "write"}};
  const Door door(callers);
  const TempDir directory;
  const Pem server = door.ServerPem();
  door.WriteTls(server, door.authority().pem());
  Hunt hunt;
  hunt.Plant("upstream token", absl::StrCat(kUpstreamToken, "-0"));
  hunt.Plant("caller's token", callers[0].token());
  hunt.Plant("a wrong token", "token-that-nobody-knows");
  hunt.Plant("r2 key id", "AKIAS3CR3TKEYID");
  hunt.Plant("r2 key", "S3crEtAcc3ssKey");
  hunt.Plant("challenge", "ch4llenge-of-the-bucket");
  hunt.Plant("private key", HeartOf(server.key));
  hunt.Plant("Redis password", kRedisPassword);

  const Redis redis({"--requirepass", kRedisPassword});
  json::object settings = door.Settings("token");
  settings["state"] = {{"redis_url", redis.url()},
                       {"password_file", directory.Write("redis-password", kRedisPassword)},
                       {"command_timeout", "1s"}};
  settings["log"] = {{"level", "debug"}};
  Fleet fleet({.replicas = 1, .redis = false, .settings = settings});
  Caller caller(fleet.gateway(0).Connect(door.Tls()));
  const Headers headers = Bearer(callers[0].token());

  v1::CreatePcapRequest full = FullRequest();
  full.set_request_id("r1");
  full.mutable_full()->set_destination_conf(kBucketWithKeys);
  const auto proof = ValidateRequest("ch4llenge-of-the-bucket", kBucketWithKeys);
  const auto all_calls = [&](const std::string& when) {
    hunt.SearchAnswer(when + ": create", caller.Call(full, headers));
    v1::ListPcapsRequest list;
    list.set_account_id(kAccount);
    hunt.SearchAnswer(when + ": list", caller.Call(list, headers));
    hunt.SearchAnswer(when + ": own",
                      caller.Call(CreateOwnershipRequest(kBucketWithKeys), headers));
    hunt.SearchAnswer(when + ": prove", caller.Call(proof, headers));
    hunt.SearchAnswer(when + ": owned", caller.Call(ListOwnershipsRequest(), headers));
    hunt.SearchAnswer(when + ": nobody",
                      caller.Call(GetRequest("none"), Bearer("token-that-nobody-knows")));
    hunt.SearchAnswer(
        when + ": basic",
        caller.Call(GetRequest("none"), {{"authorization", "token-that-nobody-knows"}}));
    v1::CreatePcapRequest bad = full;
    bad.mutable_full()->set_destination_conf(absl::StrCat("r3", kBucketWithKeys));
    hunt.SearchAnswer(when + ": bad bucket", caller.Call(bad, headers));
    full.set_request_id(absl::StrCat("r", when.size()));
  };
  all_calls("sound");
  // An upstream that repeats all it was told.
  const std::string echo = absl::StrCat("token ", kUpstreamToken, "-0 bucket ", kBucketWithKeys);
  for (const int status : {400, 401, 403, 500}) {
    const auto fault = [&](const std::string& message) {
      return json::object(
          {{"fault", "status"}, {"status", status}, {"code", 1004}, {"message", message}});
    };
    json::object proving = fault(absl::StrCat(echo, " challenge ch4llenge-of-the-bucket"));
    proving["endpoint"] = "validate_ownership";
    fleet.emulator.AddFaults(proving);
    fleet.emulator.AddFaults(fault(echo));
    all_calls(absl::StrCat("upstream says ", status));
    fleet.emulator.ClearFaults();
  }
  hunt.Search("Redis", AllOf(redis));
  EXPECT_NE(redis.Command({"-a", kRedisPassword, "--no-auth-warning", "DBSIZE"}), "(integer) 0");
  hunt.Search("the log", fleet.gateway(0).RawLog());
  for (const char* const page : {"/metrics", "/healthz", "/readyz", "/configz", "/statusz"}) {
    const HttpAnswer shown = fleet.gateway(0).Admin(page);
    EXPECT_FALSE(shown.body.empty()) << page;
    hunt.Search(page, shown.body);
  }
  // What goes wrong with the files themselves.
  door.WriteCallersText(
      absl::StrCat("callers: [{name: x, identities: ['", callers[0].token(), "']}]"));
  EXPECT_FALSE(fleet.gateway(0).WaitForEvent("reload_failed").empty());
  Pem mixed = server;
  mixed.certificate = mixed.key;
  door.WriteTls(mixed, door.authority().pem());
  EXPECT_TRUE(Eventually([&] {
    return fleet.gateway(0).RawLog().find("holds no certificate in PEM") != std::string::npos;
  }));
  hunt.Search("the log, after broken files", fleet.gateway(0).RawLog());
  std::cout << "secrets: " << hunt.secrets() << " planted, " << hunt.bytes() << " bytes searched\n";
}

}  // namespace
}  // namespace pcaps::integration
