// PcapFile: a classic pcap file (little-endian, microseconds, Ethernet) made while it is read; the
// same spec gives the same bytes.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/emulator/body_source.h"
#include "tests/emulator/packet_filter.h"
#include "tests/emulator/packets.h"

namespace pcaps::emulator {

constexpr size_t kPcapFileHeaderBytes = 24;
constexpr size_t kPcapRecordHeaderBytes = 16;
constexpr uint32_t kSampledSnaplen = 160;  // The API cuts the packets of simple captures so.

struct PcapFileSpec {
  uint64_t seed = 0;
  PacketFilter filter;
  uint64_t packets = 0;
  absl::Time begin;       // First packet at or after it,
  absl::Duration window;  // and the last before begin + window; in order.
  uint32_t snaplen = kSampledSnaplen;
  size_t frame_bytes = 0;  // As for Packets.
};

// A file of `bytes` or up to one record less: large frames, hardly cut.
PcapFileSpec WithSize(PcapFileSpec spec, uint64_t bytes);

class PcapFile : public BodySource {
 public:
  explicit PcapFile(const PcapFileSpec& spec);

  uint64_t size() const override { return size_; }
  std::string Next() override;

 private:
  void AppendHeader(std::string& out) const;
  void AppendRecord(std::string& out, uint64_t index) const;

  PcapFileSpec spec_;
  Packets packets_;
  uint64_t size_;
  bool header_written_ = false;
  uint64_t next_ = 0;
};

}  // namespace pcaps::emulator
