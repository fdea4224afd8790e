// The admin port of the real gateway, in each state that it can be in.
#include <gmock/gmock.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/metrics.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

TEST(Admin, AReadyGatewaySaysSoOnAllPages) {
  World world;
  EXPECT_EQ(world.gateway.Admin("/healthz").status, 200);
  const HttpAnswer ready = world.gateway.Admin("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body, "ok config\nok loops\nok serving\n");
  EXPECT_THAT(world.gateway.Admin("/statusz").body, HasSubstr(", ready\n"));
  EXPECT_THAT(world.gateway.Admin("/metrics").headers["content-type"],
              HasSubstr("text/plain; version=0.0.4"));
  EXPECT_EQ(world.gateway.Admin("/nothing").status, 404);
}

TEST(Admin, TheConfigurationInForceIsShownAndCanBeGivenBack) {
  World world(json::object{{"watch", {{"max_streams", 77}}}});
  const HttpAnswer page = world.gateway.Admin("/configz");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("max_streams: 77"));
  EXPECT_THAT(page.body, Not(HasSubstr(kUpstreamToken)));
  const TempDir directory;
  Process check(
      {PCAPS_GATEWAY, "--check-config", "--config", directory.Write("given-back.yaml", page.body)});
  EXPECT_EQ(check.Wait(), 0) << check.err().text() << page.body;
}

TEST(Admin, ADrainingGatewayIsNotReadyButWell) {
  World world(json::object{{"drain", {{"delay", "60s"}}}});
  world.gateway.process().Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return world.gateway.Admin("/readyz").status == 503; }));
  EXPECT_THAT(world.gateway.Admin("/readyz").body, HasSubstr("NO serving: draining\n"));
  EXPECT_EQ(world.gateway.Admin("/healthz").status, 200);
  EXPECT_EQ(ScrapedMetrics::Of(world.gateway)["pcaps_ready"], 0);
  EXPECT_TRUE(world.CreateSimple().has_submit_time()) << "no call is refused meanwhile";
  world.gateway.Kill();
}

TEST(Admin, ARedisThatIsDownIsShownAndKeepsNobodyAway) {
  Fleet fleet({.replicas = 1});
  Gateway& gateway = fleet.gateway(0);
  const auto state_up = [&] {
    return ScrapedMetrics::Of(gateway)["pcaps_state_up{backend=\"redis\"}"];
  };
  EXPECT_TRUE(Eventually([&] { return state_up() == 1; }));
  fleet.redis.Kill();
  EXPECT_TRUE(Eventually([&] { return state_up() == 0; }));
  const HttpAnswer ready = gateway.Admin("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_THAT(ready.body, HasSubstr("-- redis: down"));
  EXPECT_THAT(gateway.Admin("/statusz").body, HasSubstr("-- redis: down"));
}

// One thread of a process stands still as long as this lives.
class StoppedThread {
 public:
  StoppedThread(pid_t pid, const std::string& name) {
    const std::string tasks = absl::StrCat("/proc/", pid, "/task");
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      std::string is;
      std::ifstream(task.path() / "comm") >> is;
      if (is == name) tid_ = std::stoi(task.path().filename());
    }
    EXPECT_EQ(ptrace(PTRACE_ATTACH, tid_, nullptr, nullptr), 0) << name << " " << errno;
    EXPECT_EQ(waitpid(tid_, nullptr, __WALL), tid_);
  }
  ~StoppedThread() { ptrace(PTRACE_DETACH, tid_, nullptr, nullptr); }
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

 private:
  pid_t tid_ = 0;
};

TEST(Admin, AGatewayWhoseControlLoopHangsIsNotWellAndSaysSoAllTheSame) {
  World world;
  const auto health = [&] { return world.gateway.Admin("/healthz"); };
  const absl::Time deadline = absl::Now() + 3 * kPatience;
  {
    const StoppedThread hangs(world.gateway.process().pid(), "control");
    while (health().status == 200 && absl::Now() < deadline) absl::SleepFor(absl::Seconds(1));
    EXPECT_THAT(health().body, HasSubstr("the control loop has not answered for 1"));
    EXPECT_EQ(health().status, 503);
    EXPECT_THAT(world.gateway.Admin("/readyz").body, HasSubstr("NO loops: the control loop"));
    EXPECT_EQ(ScrapedMetrics::Of(world.gateway)["pcaps_ready"], 0);
    EXPECT_EQ(world.gateway.Admin("/statusz").status, 200);
  }
  EXPECT_TRUE(Eventually([&] { return health().status == 200; }));
  EXPECT_EQ(world.gateway.Admin("/readyz").status, 200);
}

TEST(Admin, TheSpenderIsNamed) {
  World world;
  const std::vector<std::string> ids = world.emulator.Seed("spender", 5, "success");
  for (const std::string& id : ids) {
    v1::GetPcapRequest request = GetRequest(id);
    request.set_account_id("spender");
    EXPECT_TRUE(world.caller.Call(request).status.ok());
  }
  EXPECT_FALSE(world.caller.Call(GetRequest("none")).status.ok());
  ScrapedMetrics::WhenIdle(world.gateway);
  const std::string page = world.gateway.Admin("/statusz").body;
  EXPECT_THAT(page, testing::ContainsRegex("spender +5 +5 +0 +0\n"));
  EXPECT_THAT(page, testing::ContainsRegex("account-1 +1 +1 +0 +1\n"));
  EXPECT_LT(page.find("spender"), page.find("account-1"));
}

TEST(Admin, WithoutAnAdminPortTheGatewayServesAllTheSame) {
  World world(json::object{{"admin_listen", ""}});
  EXPECT_TRUE(world.CreateSimple().has_submit_time());
  for (const json::object& line : world.gateway.Log()) {
    EXPECT_NE(line.at("event"), "admin_listening");
  }
}

TEST(Admin, APortThatIsTakenIsNamedWithItsKey) {
  World world;
  const TempDir directory;
  std::string taken;
  for (const json::object& line : world.gateway.Log()) {
    if (line.at("event") == "admin_listening") taken = line.at("listen").as_string();
  }
  const json::object settings = Merge(QuickSettings(world.emulator), {{"admin_listen", taken}});
  json::object with_token = settings;
  with_token["upstream"].as_object()["credentials"] = json::array{
      json::object{{"name", "default"}, {"token_file", directory.Write("token", kUpstreamToken)}}};
  Process second(
      {PCAPS_GATEWAY, "--config", directory.Write("gateway.yaml", json::serialize(with_token))});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.err().text(), HasSubstr("admin_listen"));
}

}  // namespace
}  // namespace pcaps::integration
