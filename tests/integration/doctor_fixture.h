// pcapctl doctor as a process beside a gateway and an emulator, and what it found.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/integration/support/redis.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {

// No line of the doctor's may show it.
constexpr char kRedisPassword[] = "integration-secret-redis-password";

// What the doctor said, finding by finding.
struct Diagnosis {
  int exit_code = -1;
  std::string out;
  std::vector<boost::json::object> findings;

  boost::json::object Of(const std::string& check) const {
    for (const boost::json::object& finding : findings) {
      if (finding.at("check").as_string() == check) return finding;
    }
    return {};
  }
  // "ok", "warn", "fail", "skip"; empty where there is no such line.
  std::string Verdict(const std::string& check) const { return Text(check, "verdict"); }
  std::string Message(const std::string& check) const { return Text(check, "message"); }
  std::string Fix(const std::string& check) const { return Text(check, "fix"); }
  // Of all lines of the check, in their order.
  std::vector<std::string> Subjects(const std::string& check) const {
    std::vector<std::string> subjects;
    for (const boost::json::object& finding : findings) {
      if (finding.at("check").as_string() != check) continue;
      subjects.emplace_back(finding.at("subject").as_string());
    }
    return subjects;
  }
  // "upstream, redis": what failed.
  std::string Failed() const {
    std::vector<std::string> names;
    for (const boost::json::object& finding : findings) {
      if (finding.at("verdict") == "fail") names.emplace_back(finding.at("check").as_string());
    }
    return absl::StrJoin(names, ", ");
  }

 private:
  std::string Text(const std::string& check, const char* key) const {
    const boost::json::object finding = Of(check);
    const boost::json::value* const text = finding.if_contains(key);
    return text == nullptr ? "" : std::string(text->as_string());
  }
};

// A port nobody listens on, for a while at least.
inline std::string DeadAddress() {
  boost::asio::io_context loop;
  const boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  return absl::StrCat("127.0.0.1:", acceptor.local_endpoint().port());
}

class Doctor : public testing::Test {
 protected:
  // The file of a gateway before `emulator`, with `settings` laid over it.
  std::string ConfigFile(const boost::json::object& settings = {}) {
    const boost::json::object credential = {{"name", "main"},
                                            {"token_file", TokenFile(kUpstreamToken)}};
    const boost::json::object upstream = {{"base_url", world_.emulator.base_url()},
                                          {"ca_file", world_.emulator.ca_file()},
                                          {"connect_timeout", "1s"},
                                          {"credentials", boost::json::array{credential}}};
    return directory_.Write("gateway.yaml",
                            boost::json::serialize(Merge({{"upstream", upstream}}, settings)));
  }
  std::string TokenFile(const std::string& token) {
    const std::string file = directory_.Write("token", token);
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file;
  }
  static boost::json::object Upstream(const boost::json::object& upstream) {
    return {{"upstream", upstream}};
  }
  // One credential with these of its settings changed.
  boost::json::object Credential(const boost::json::object& changed) {
    const boost::json::object credential = {{"name", "main"},
                                            {"token_file", directory_.File("token")}};
    return Upstream({{"credentials", boost::json::array{Merge(credential, changed)}}});
  }
  boost::json::object State(const Redis& redis, const boost::json::object& more = {}) {
    return {{"state", Merge({{"redis_url", redis.url()}, {"command_timeout", "500ms"}}, more)}};
  }

  static void ExpectALineForEach(const Diagnosis& diagnosis) {
    std::set<std::pair<std::string, std::string>> told;
    for (const boost::json::object& finding : diagnosis.findings) {
      const boost::json::value* const subject = finding.if_contains("subject");
      const bool first = told.emplace(finding.at("check").as_string(),
                                      subject == nullptr ? "" : subject->as_string())
                             .second;
      EXPECT_TRUE(first) << "told twice: " << boost::json::serialize(finding);
    }
  }

  Diagnosis Run(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {PCAPCTL, "doctor", "--json"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const Finished finished =
        RunToEnd(std::move(argv), {{"PCAPCTL_TARGET", world_.gateway.address()}});
    Diagnosis diagnosis{.exit_code = finished.exit_code, .out = finished.out + finished.err};
    for (const absl::string_view line : absl::StrSplit(finished.out, '\n', absl::SkipEmpty())) {
      boost::json::error_code error;
      const boost::json::value value = boost::json::parse(std::string(line), error);
      EXPECT_TRUE(!error && value.is_object()) << line;
      if (!error && value.is_object()) diagnosis.findings.push_back(value.get_object());
    }
    ExpectALineForEach(diagnosis);
    EXPECT_EQ(diagnosis.exit_code == 0, diagnosis.Failed().empty()) << diagnosis.out;
    EXPECT_THAT(diagnosis.out, testing::AllOf(testing::Not(testing::HasSubstr(kUpstreamToken)),
                                              testing::Not(testing::HasSubstr(kRedisPassword))));
    return diagnosis;
  }
  Diagnosis RunWithConfig(const boost::json::object& settings = {}) {
    return Run({"--account", kAccount, "--config", ConfigFile(settings)});
  }

  World world_;
  const TempDir directory_;
};

}  // namespace pcaps::integration
