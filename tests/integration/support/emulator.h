// Emulator: pcaps-emulator as its own process, and the handle on what it does wrong.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/certificate.h"
#include "tests/integration/support/http.h"
#include "tests/integration/support/process.h"

namespace pcaps::integration {

// The upstream token of every test; no answer and no log line may show it.
constexpr char kUpstreamToken[] = "integration-secret-upstream-token";

class Emulator {
 public:
  // It says that its limit is far away, until a test sets it. The rules on creating are off unless
  // `flags` say otherwise, see pcaps-emulator --help. With `certificate`, which outlives it, it
  // speaks TLS.
  struct Options {
    bool rules = false;
    std::vector<std::string> flags;
    const Certificate* certificate = nullptr;
  };

  Emulator() : Emulator(Options{}) {}
  explicit Emulator(Options options);

  // What the gateway is to be configured with.
  std::string base_url() const { return root_ + "/client/v4"; }
  std::string ca_file() const { return ca_file_; }

  // Adds faults as tests/emulator/faults.h describes them: one, or an array.
  void AddFaults(const boost::json::value& faults) { Control("POST", "faults", faults); }
  void ClearFaults() { Control("DELETE", "faults", nullptr); }
  // Forgets everything, captures included.
  void Reset() { Control("POST", "reset", nullptr); }
  // Any control endpoint of tests/emulator/control_routes.h; fails the test where it is refused.
  boost::json::value Control(const std::string& method, const std::string& endpoint,
                             const boost::json::value& body);
  // The same for those that answer with plain text.
  std::string Text(const std::string& method, const std::string& endpoint,
                   const boost::json::value& body);

  boost::json::object Stats() { return Control("GET", "stats", nullptr).get_object(); }
  int64_t Requests() { return Stats()["total"].as_int64(); }
  int64_t Requests(const std::string& endpoint) {
    return Stats()["endpoints"].at(endpoint).as_int64();
  }
  int64_t CapturesCreated() { return Stats()["captures_created"].as_int64(); }

  // New captures that no rule counts and no gateway knows, each showing `status`; "": that of their
  // age. Their ids.
  std::vector<std::string> Seed(const std::string& account_id, int count,
                                const std::string& status = "");

  // The file of a capture straight from here, past any gateway.
  std::string Download(const std::string& account_id, const std::string& pcap_id);
  // What the challenge file of an ownership holds.
  std::string Challenge(const std::string& account_id, const std::string& ownership_id);

 private:
  HttpAnswer Http(const std::string& method, const std::string& path, const std::string& body);

  std::string ca_file_;
  std::unique_ptr<Process> process_;
  std::string root_;  // http://127.0.0.1:port
};

}  // namespace pcaps::integration
