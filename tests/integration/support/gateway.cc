#include "tests/integration/support/gateway.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

// The defaults, but for times a test can wait for, and without what would keep a request from the
// upstream: each test of that asks for it.
constexpr char kQuick[] = R"({
  "listen": "127.0.0.1:0",
  "admin_listen": "127.0.0.1:0",
  "upstream": {
    "request_timeout": "4s",
    "retry": {"base_backoff": "10ms", "max_backoff": "50ms"},
    "budgets": [{"name": "default", "requests_per_second": 1000000, "burst": 1000000}],
    "rules": {"simple_create_interval": "0s", "one_full_at_a_time": false}
  },
  "cache": {"terminal_ttl": "0s", "active_ttl": "0s", "list_ttl": "0s", "not_found_ttl": "0s", "stale_ttl": "0s"},
  "rate_limit": {"requests_per_second": 0},
  "watch": {"min_poll_interval": "50ms", "max_poll_interval": "200ms"},
  "drain": {"delay": "0s", "timeout": "5s"},
  "log": {"level": "debug"}
})";

json::object ParseLine(const std::string& line) {
  json::error_code error;
  const json::value value = json::parse(line, error);
  return !error && value.is_object() ? value.get_object() : json::object();
}

bool Has(const json::object& line, const char* key, const std::string& value) {
  const json::value* const found = line.if_contains(key);
  return found != nullptr && found->is_string() && found->get_string() == value;
}

}  // namespace

json::object Merge(json::object base, const json::object& over) {
  for (const auto& [key, value] : over) {
    json::value& under = base[key];
    if (under.is_object() && value.is_object()) {
      under = Merge(under.get_object(), value.get_object());
    } else {
      under = value;
    }
  }
  return base;
}

json::object QuickSettings(const Emulator& emulator) {
  const json::object upstream = {{"base_url", emulator.base_url()},
                                 {"ca_file", emulator.ca_file()}};
  return Merge(json::parse(kQuick).get_object(), {{"upstream", upstream}});
}

Gateway::Gateway(const Emulator& emulator, const json::object& settings) {
  const json::object credential = {{"name", "default"},
                                   {"token_file", directory_.Write("token", kUpstreamToken)}};
  const json::object upstream = {{"credentials", json::array{credential}}};
  settings_ = Merge(Merge(QuickSettings(emulator), {{"upstream", upstream}}), settings);
  Run();
}

void Gateway::Run() {
  const std::string file = directory_.Write("gateway.yaml", json::serialize(settings_));
  process_ = std::make_unique<Process>(std::vector<std::string>{PCAPS_GATEWAY, "--config", file});
  json::object line = WaitForEvent("listening");
  EXPECT_FALSE(line.empty()) << RawLog();
  if (!line.empty()) address_ = std::string(line["listen"].as_string());
  // It said so before.
  for (const json::object& each : Log()) {
    if (Has(each, "event", "admin_listening")) admin_address_ = each.at("listen").as_string();
  }
}

void Gateway::Kill() {
  process_->Signal(SIGKILL);
  EXPECT_TRUE(process_->Wait().has_value()) << "the gateway did not end";
}

void Gateway::Restart() {
  settings_["listen"] = address_;
  Run();
}

Gateway::~Gateway() {
  if (process_->ended()) return;
  process_->Signal(SIGTERM);
  const std::optional<int> exit_code = process_->Wait();
  EXPECT_TRUE(exit_code.has_value()) << "the gateway did not end";
  EXPECT_EQ(exit_code.value_or(0), 0) << RawLog();
}

HttpAnswer Gateway::Admin(const std::string& path) const {
  return Http({.url = absl::StrCat("http://", admin_address_, path)});
}

std::shared_ptr<grpc::Channel> Gateway::Connect() const {
  return Connect(grpc::InsecureChannelCredentials());
}

std::shared_ptr<grpc::Channel> Gateway::Connect(
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Never undone: else gRPC starts anew for each test, and its shutdown takes 10 s now and then.
  [[maybe_unused]] static const bool started = (grpc_init(), true);
  return grpc::CreateCustomChannel(address_, credentials, arguments);
}

std::vector<json::object> Gateway::Log() const {
  std::vector<json::object> lines;
  for (const std::string& text : process_->err().Lines()) {
    lines.push_back(ParseLine(text));
    EXPECT_FALSE(lines.back().empty()) << "no JSON object: " << text;
  }
  return lines;
}

json::object Gateway::WaitForLine(const std::function<bool(const json::object&)>& wanted) const {
  const auto line =
      process_->err().WaitForLine([&](const std::string& text) { return wanted(ParseLine(text)); });
  return line.has_value() ? ParseLine(*line) : json::object();
}

json::object Gateway::WaitForRpc(const std::string& request_id) const {
  return WaitForLine([&](const json::object& line) {
    return Has(line, "event", "rpc") && Has(line, "request_id", request_id);
  });
}

json::object Gateway::WaitForEvent(const std::string& event) const {
  return WaitForLine([&](const json::object& line) { return Has(line, "event", event); });
}

int64_t Gateway::StatusBytes(const std::string& name) const {
  std::ifstream status(absl::StrCat("/proc/", process_->pid(), "/status"));
  for (std::string word; status >> word;) {
    int64_t kib = 0;
    if (word == name && status >> kib) return kib << 10;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

void Gateway::ForgetPeak() const {
  std::ofstream(absl::StrCat("/proc/", process_->pid(), "/clear_refs")) << "5";
}

}  // namespace pcaps::integration
