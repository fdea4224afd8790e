// Readers of DownloadPcap: one that reads as fast as it can, and many that do not read.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace pcaps::bench {

struct DownloadTarget {
  std::string target;  // host:port of a gateway, or of a server that answers like one.
  std::string account_id;
  std::string pcap_id;
};

// Downloads the capture again and again until `duration` is over, at least once, on one connection.
// Prints MB/s. False where a download fails, or is not the file its summary describes.
bool ReadAtFullSpeed(const DownloadTarget& target, absl::Duration duration);

// Opens `readers` streams, reads the first message of each, says so, and reads no more until
// SIGTERM. False where one fails.
bool Stall(const DownloadTarget& target, int readers);

}  // namespace pcaps::bench
