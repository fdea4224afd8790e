#include "tests/bench/start_to_ready.h"

#include <grpc/health/v1/health.grpc.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <cstdio>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pcaps::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

// A gateway whose log is read; killed with its owner.
class StartedGateway {
 public:
  explicit StartedGateway(std::vector<std::string> argv) {
    int ends[2];
    if (pipe(ends) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::vector<char*> arguments;
    for (std::string& each : argv) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    if (posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) {
      pid_ = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    log_ = fdopen(ends[0], "r");
  }
  ~StartedGateway() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (log_ != nullptr) (void)fclose(log_);
  }
  StartedGateway(const StartedGateway&) = delete;
  StartedGateway& operator=(const StartedGateway&) = delete;

  // host:port, as soon as its log says it; empty where the log ends before.
  std::string AwaitAddress() {
    char line[4096];
    while (log_ != nullptr && fgets(line, sizeof(line), log_) != nullptr) {
      boost::json::error_code error;
      const boost::json::value value = boost::json::parse(line, error);
      const boost::json::object* const fields = value.if_object();
      if (error || fields == nullptr) continue;
      if (const boost::json::value* listen = fields->if_contains("listen")) {
        return std::string(listen->as_string());
      }
    }
    return "";
  }

 private:
  pid_t pid_ = -1;
  FILE* log_ = nullptr;
};

bool IsServing(const std::string& address) {
  using grpc::health::v1::Health;
  using grpc::health::v1::HealthCheckResponse;
  const auto stub =
      Health::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, {}, &response);
  return status.ok() && response.status() == HealthCheckResponse::SERVING;
}

}  // namespace

bool StartToReady(std::vector<std::string> argv) {
  // gRPC's own start is not the gateway's.
  (void)grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
  const absl::Time start = absl::Now();
  StartedGateway gateway(std::move(argv));
  const std::string address = gateway.AwaitAddress();
  if (address.empty() || !IsServing(address)) {
    std::fprintf(stderr, "the gateway did not come to serve\n");
    return false;
  }
  std::printf("%.1f\n", absl::ToDoubleMilliseconds(absl::Now() - start));
  return true;
}

}  // namespace pcaps::bench
