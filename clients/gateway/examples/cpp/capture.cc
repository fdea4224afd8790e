// Takes a packet capture through pcaps-gateway: capture TARGET ACCOUNT FILE
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/strip.h"
#include "clients/base/error.h"
#include "clients/gateway/client.h"
#include "clients/gateway/output_file.h"

// The client calls again by itself whenever that helps, and checks the hash of what it downloads.
absl::Status Capture(const char* target, const char* account, const char* path) {
  const auto gateway = pcaps::GatewayClient::Connect({.target = target});
  if (!gateway.ok()) return gateway.status();
  pcaps::v1::CreatePcapRequest wanted;
  wanted.set_account_id(account);
  wanted.set_request_id(pcaps::NewRequestId());
  wanted.mutable_time_limit()->set_seconds(60);
  wanted.mutable_filter()->set_destination_port(443);
  wanted.mutable_simple()->set_packet_limit(100);
  const auto pcap = (*gateway)->Create(wanted);
  if (!pcap.ok()) return pcap.status();
  std::cout << "created " << pcap->id() << "\n";
  pcaps::v1::WatchPcapRequest watch;
  watch.set_account_id(account);
  watch.set_pcap_id(pcap->id());
  const auto done = (*gateway)->Watch(watch, [](const pcaps::v1::WatchEvent& event) {
    const std::string& status = pcaps::v1::Pcap::Status_Name(event.pcap().status());
    if (!event.has_pcap()) return;  // A heartbeat.
    std::cout << "status " << absl::AsciiStrToLower(absl::StripPrefix(status, "STATUS_")) << "\n";
  });
  if (!done.ok()) return done.status();

  const auto file = pcaps::OutputFile::Create(path);  // Has the name only when it is whole.
  if (!file.ok()) return file.status();
  pcaps::v1::DownloadPcapRequest download;
  download.set_account_id(account);
  download.set_pcap_id(pcap->id());
  const auto write = [&](absl::string_view bytes) { return (*file)->Write(bytes); };
  const auto result = (*gateway)->Download(download, write);
  if (!result.ok()) return result.status();
  if (absl::Status named = (*file)->Commit(); !named.ok()) return named;
  std::cout << path << ": " << result->packets.value_or(0) << " packets, " << result->size
            << " bytes, sha256 " << absl::BytesToHexString(result->sha256) << "\n";
  return absl::OkStatus();
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::cout << std::unitbuf;  // Each line at once.
  const absl::Status status = Capture(argv[1], argv[2], argv[3]);
  if (status.ok()) return 0;
  const google::rpc::ErrorInfo info = pcaps::ErrorInfoOf(status);  // request_id is in its metadata.
  std::cerr << status.code() << " " << info.reason() << ": " << status.message();
  for (const auto& [key, value] : info.metadata()) std::cerr << "\n  " << key << ": " << value;
  if (const auto delay = pcaps::RetryAfterOf(status)) std::cerr << "\n  retry after: " << *delay;
  std::cerr << "\n";
  return 1;
}
