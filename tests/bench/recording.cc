#include "tests/bench/recording.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <cstdio>
#include <cstdlib>
#include <map>

namespace pcaps::bench {
namespace {

void ExitUnlessOk(const grpc::Status& status, const char* method) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s failed: %s\n", method, status.error_message().c_str());
  std::exit(1);
}

Metadata Copied(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  Metadata copy;
  for (const auto& [key, value] : metadata) {
    copy.emplace_back(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return copy;
}

RecordedMetadata MetadataOf(const grpc::ClientContext& context) {
  return {Copied(context.GetServerInitialMetadata()), Copied(context.GetServerTrailingMetadata())};
}

template <typename Request>
Request Naming(const std::string& account_id, const std::string& pcap_id) {
  Request request;
  request.set_account_id(account_id);
  request.set_pcap_id(pcap_id);
  return request;
}

}  // namespace

Recording Record(const std::string& target, const std::string& account_id,
                 const std::string& pcap_id) {
  const auto stub =
      v1::PcapsService::NewStub(grpc::CreateChannel(target, grpc::InsecureChannelCredentials()));
  Recording recording;
  grpc::ClientContext get;
  ExitUnlessOk(
      stub->GetPcap(&get, Naming<v1::GetPcapRequest>(account_id, pcap_id), &recording.pcap),
      "GetPcap");
  recording.pcap_metadata = MetadataOf(get);

  grpc::ClientContext download;
  const auto reader =
      stub->DownloadPcap(&download, Naming<v1::DownloadPcapRequest>(account_id, pcap_id));
  for (v1::DownloadPcapResponse message; reader->Read(&message);) {
    recording.download.push_back(std::move(message));
  }
  ExitUnlessOk(reader->Finish(), "DownloadPcap");
  recording.download_metadata = MetadataOf(download);
  return recording;
}

}  // namespace pcaps::bench
