// Gateway: pcaps-gateway as its own process, before an emulator.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <signal.h>

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/emulator.h"
#include "tests/integration/support/http.h"
#include "tests/integration/support/process.h"
#include "tests/integration/support/temp_dir.h"

namespace pcaps::integration {

// Starts when it is made. Its end is a test of its own: SIGTERM, and it must exit with 0, unless
// the test has ended it before.
class Gateway {
 public:
  // `settings` is laid over quick ones (JSON is YAML): see kQuick in gateway.cc.
  explicit Gateway(const Emulator& emulator, const boost::json::object& settings = {});
  ~Gateway();

  // "127.0.0.1:port"
  const std::string& address() const { return address_; }
  // A page of its admin port: "/metrics".
  HttpAnswer Admin(const std::string& path) const;
  // A connection of its own.
  std::shared_ptr<grpc::Channel> Connect() const;
  std::shared_ptr<grpc::Channel> Connect(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) const;

  // The lines of its log up to now; fails the test where one is no JSON object.
  std::vector<boost::json::object> Log() const;
  std::string RawLog() const { return process_->err().text() + process_->out().text(); }
  // The first line of an "rpc" with this request_id; empty where none comes.
  boost::json::object WaitForRpc(const std::string& request_id) const;
  // The first line of this event; empty where none comes.
  boost::json::object WaitForEvent(const std::string& event) const;

  void Pause() const { process_->Signal(SIGSTOP); }
  void Resume() const { process_->Signal(SIGCONT); }
  // Ends it without a word: SIGKILL.
  void Kill();
  // After its end: runs it again on its address. Its log begins anew.
  void Restart();

  int64_t ResidentBytes() const { return StatusBytes("VmRSS:"); }
  // The most it had at once since its start, or the last ForgetPeak().
  int64_t PeakResidentBytes() const { return StatusBytes("VmHWM:"); }
  void ForgetPeak() const;
  Process& process() { return *process_; }

 private:
  void Run();
  // A line of /proc/<pid>/status.
  int64_t StatusBytes(const std::string& name) const;
  boost::json::object WaitForLine(
      const std::function<bool(const boost::json::object&)>& wanted) const;

  TempDir directory_;
  boost::json::object settings_;  // All of them.
  std::unique_ptr<Process> process_;
  std::string address_;
  std::string admin_address_;
};

// `over` laid over `base`, object by object.
boost::json::object Merge(boost::json::object base, const boost::json::object& over);

// What Gateway gives pcaps-gateway as its configuration, without the file of the token.
boost::json::object QuickSettings(const Emulator& emulator);

}  // namespace pcaps::integration
