// Recording: what a gateway answers to a caller, to be played back by a server without a gateway.
#pragma once

#include <pcaps/v1/pcaps.grpc.pb.h>

#include <string>
#include <utility>
#include <vector>

namespace pcaps::bench {

using Metadata = std::vector<std::pair<std::string, std::string>>;

struct RecordedMetadata {
  Metadata initial;
  Metadata trailing;
};

struct Recording {
  v1::Pcap pcap;  // GetPcap's answer,
  RecordedMetadata pcap_metadata;
  std::vector<v1::DownloadPcapResponse> download;  // and DownloadPcap's.
  RecordedMetadata download_metadata;
};

// Calls the gateway at `target` once for each. Exits where it answers with an error.
Recording Record(const std::string& target, const std::string& account_id,
                 const std::string& pcap_id);

}  // namespace pcaps::bench
