// bench_bare_server: a gRPC callback server with nothing behind it. It answers every call with what
// a gateway answered once, message by message, and a watch with one event: what is left when all
// that a gateway does is free.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "tests/bench/recording.h"

namespace pcaps::bench {
namespace {

void AddMetadata(grpc::CallbackServerContext* context, const RecordedMetadata& metadata) {
  for (const auto& [key, value] : metadata.initial) context->AddInitialMetadata(key, value);
  for (const auto& [key, value] : metadata.trailing) context->AddTrailingMetadata(key, value);
}

// Writes the messages, each when the one before it is written. Deletes itself.
class Playback final : public grpc::ServerWriteReactor<v1::DownloadPcapResponse> {
 public:
  explicit Playback(const std::vector<v1::DownloadPcapResponse>& messages) : messages_(messages) {
    WriteNext();
  }

 private:
  void WriteNext() {
    if (next_ == messages_.size()) return Finish(grpc::Status::OK);
    StartWrite(&messages_[next_++]);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    WriteNext();
  }
  void OnDone() override { delete this; }

  const std::vector<v1::DownloadPcapResponse>& messages_;
  size_t next_ = 0;
};

// Writes one message, and is idle until its caller leaves. Deletes itself.
class Idler final : public grpc::ServerWriteReactor<v1::WatchEvent> {
 public:
  explicit Idler(const v1::WatchEvent& event) { StartWrite(&event); }

 private:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

class BareService final : public v1::PcapsService::CallbackService {
 public:
  explicit BareService(Recording recording) : recording_(std::move(recording)) {
    *event_.mutable_pcap() = recording_.pcap;
  }

  grpc::ServerUnaryReactor* GetPcap(grpc::CallbackServerContext* context, const v1::GetPcapRequest*,
                                    v1::Pcap* response) override {
    AddMetadata(context, recording_.pcap_metadata);
    *response = recording_.pcap;
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerWriteReactor<v1::DownloadPcapResponse>* DownloadPcap(
      grpc::CallbackServerContext* context, const v1::DownloadPcapRequest*) override {
    AddMetadata(context, recording_.download_metadata);
    return new Playback(recording_.download);
  }

  grpc::ServerWriteReactor<v1::WatchEvent>* WatchPcap(grpc::CallbackServerContext*,
                                                      const v1::WatchPcapRequest*) override {
    return new Idler(event_);
  }

 private:
  const Recording recording_;
  v1::WatchEvent event_;
};

}  // namespace
}  // namespace pcaps::bench

int main(int argc, char** argv) {
  CLI::App app("Answers as a gateway did once, on a free loopback port.", "bench_bare_server");
  std::string target;
  std::string account_id;
  std::string pcap_id;
  app.add_option("--record", target, "host:port of the gateway to record")->required();
  app.add_option("--account", account_id)->required();
  app.add_option("--pcap", pcap_id)->required();
  CLI11_PARSE(app, argc, argv);

  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);  // Before any thread, so that all of them leave it to us.

  pcaps::bench::BareService service(pcaps::bench::Record(target, account_id, pcap_id));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::fprintf(stderr, "bench_bare_server: cannot listen\n");
    return 1;
  }
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}
