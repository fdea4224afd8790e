#include "tests/integration/support/emulator.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pcaps::integration {
namespace {

constexpr absl::string_view kReady = "pcaps-emulator listening on ";

constexpr int64_t kNoLimit = 1'000'000'000;

}  // namespace

Emulator::Emulator(Options options) {
  std::vector<std::string> argv = {PCAPS_EMULATOR, "--token", kUpstreamToken};
  if (!options.rules) argv.emplace_back("--no-rules");
  if (options.certificate != nullptr) {
    ca_file_ = options.certificate->file();
    for (const std::string& each : {std::string("--tls-cert"), ca_file_, std::string("--tls-key"),
                                    options.certificate->key_file()}) {
      argv.push_back(each);
    }
  }
  argv.insert(argv.end(), options.flags.begin(), options.flags.end());
  process_ = std::make_unique<Process>(std::move(argv));
  const std::optional<std::string> line = process_->out().WaitForLine(
      [](const std::string& text) { return absl::StartsWith(text, std::string(kReady)); });
  EXPECT_TRUE(line.has_value()) << process_->err().text();
  if (!line.has_value()) return;
  root_ = line->substr(kReady.size());
  // What its answers say of its limit binds a gateway, whatever the gateway's own budget.
  Control("POST", "rate_limit", {{"requests", kNoLimit}});
}

HttpAnswer Emulator::Http(const std::string& method, const std::string& path,
                          const std::string& body) {
  return integration::Http({.url = root_ + path,
                            .method = method,
                            .body = body,
                            .authorization = absl::StrCat("Bearer ", kUpstreamToken),
                            .ca_file = ca_file_});
}

boost::json::value Emulator::Control(const std::string& method, const std::string& endpoint,
                                     const boost::json::value& body) {
  return boost::json::parse(Text(method, endpoint, body));
}

std::string Emulator::Text(const std::string& method, const std::string& endpoint,
                           const boost::json::value& body) {
  const HttpAnswer answer = Http(method, absl::StrCat("/__emulator/", endpoint),
                                 body.is_null() ? "" : boost::json::serialize(body));
  EXPECT_EQ(answer.status, 200) << endpoint << ": " << answer.body;
  return answer.body;
}

std::vector<std::string> Emulator::Seed(const std::string& account_id, int count,
                                        const std::string& status) {
  const std::string ids =
      Text("POST", "seed", {{"account", account_id}, {"count", count}, {"status", status}});
  return absl::StrSplit(ids, '\n', absl::SkipEmpty());
}

std::string Emulator::Download(const std::string& account_id, const std::string& pcap_id) {
  const HttpAnswer answer = Http(
      "GET", absl::StrCat("/client/v4/accounts/", account_id, "/pcaps/", pcap_id, "/download"), "");
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.body;
}

std::string Emulator::Challenge(const std::string& account_id, const std::string& ownership_id) {
  const HttpAnswer answer = Http(
      "GET", absl::StrCat("/__emulator/challenge?account=", account_id, "&id=", ownership_id), "");
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.body;
}

}  // namespace pcaps::integration
