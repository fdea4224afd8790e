// World: an emulator, a gateway before it, and a caller; what nearly every test begins with.
#pragma once

#include <cstdint>
#include <string>

#include "tests/integration/support/caller.h"
#include "tests/integration/support/emulator.h"
#include "tests/integration/support/gateway.h"

namespace pcaps::integration {

inline constexpr int64_t kMiB = 1 << 20;

constexpr char kAccount[] = "account-1";
constexpr char kBucket[] = "s3://bucket/captures?region=us-east-1";

struct World {
  // `settings` as for Gateway.
  explicit World(const boost::json::object& settings = {}, const Emulator::Options& options = {})
      : emulator(options), gateway(emulator, settings), caller(gateway) {}

  v1::Pcap CreateSimple(uint32_t packets = 10);
  v1::Pcap CreateFull();
  // A bucket that nobody has proved yet.
  v1::Ownership CreateOwnership(const std::string& bucket = kBucket);
  // What the challenge file of an ownership holds, as its bucket's owner reads it.
  std::string Challenge(const v1::Ownership& ownership);
  // A simple capture that has its file.
  v1::Pcap CreateDone(uint32_t packets = 10);
  // One whose file is a valid pcap of about so many bytes.
  v1::Pcap CreateLarge(int64_t bytes, bool chunked = false);
  // Shows this status whatever the time says; "": the time's own again.
  void PinStatus(const v1::Pcap& pcap, const std::string& status);

  Emulator emulator;
  Gateway gateway;
  Caller caller;
};

v1::CreatePcapRequest SimpleRequest(uint32_t packets = 10);
v1::CreatePcapRequest FullRequest();
v1::GetPcapRequest GetRequest(const std::string& pcap_id);
v1::WatchPcapRequest WatchRequest(const std::string& pcap_id);
v1::DownloadPcapRequest DownloadRequest(const std::string& pcap_id);
v1::ListOwnershipsRequest ListOwnershipsRequest();
v1::CreateOwnershipRequest CreateOwnershipRequest(const std::string& bucket = kBucket);
v1::ValidateOwnershipRequest ValidateRequest(const std::string& challenge,
                                             const std::string& bucket = kBucket);
v1::DeleteOwnershipRequest DeleteRequest(const std::string& ownership_id);

// Expects an error with this code and reason, as every error of ours has them.
void ExpectError(const Outcome& outcome, absl::StatusCode code, const std::string& reason);
// Expects RetryInfo, the same in grpc-retry-pushback-ms, and returns it.
absl::Duration ExpectRetryInfo(const Outcome& outcome);

// The file in a download: its chunks must follow each other from `offset` on, between info and
// summary, which must be true.
std::string FileOf(const Streamed<v1::DownloadPcapResponse>& download, int64_t offset = 0);

// Asks again and again until `condition` holds; false where it does not within kPatience.
bool Eventually(const std::function<bool()>& condition);

}  // namespace pcaps::integration
