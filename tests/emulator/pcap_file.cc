#include "tests/emulator/pcap_file.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace pcaps::emulator {
namespace {

constexpr uint32_t kMicrosecondMagic = 0xA1B2C3D4;
constexpr uint32_t kLinktypeEthernet = 1;
constexpr size_t kPieceBytes = 64 * 1024;
constexpr uint32_t kLargeSnaplen = 1500;

void PutLittle16(std::string& out, uint32_t value) {
  out.push_back(static_cast<char>(value));
  out.push_back(static_cast<char>(value >> 8));
}
void PutLittle32(std::string& out, uint32_t value) {
  PutLittle16(out, value & 0xFFFF);
  PutLittle16(out, value >> 16);
}

uint64_t FileBytes(const PcapFileSpec& spec, const Packets& packets) {
  const auto record = [&](uint64_t i) {
    return kPcapRecordHeaderBytes + std::min<size_t>(packets.FrameBytes(i), spec.snaplen);
  };
  if (spec.frame_bytes != 0) return kPcapFileHeaderBytes + spec.packets * record(0);
  uint64_t bytes = kPcapFileHeaderBytes;
  for (uint64_t i = 0; i < spec.packets; ++i) bytes += record(i);
  return bytes;
}

}  // namespace

PcapFileSpec WithSize(PcapFileSpec spec, uint64_t bytes) {
  spec.snaplen = kLargeSnaplen;
  spec.frame_bytes = kMaxFrameBytes;
  constexpr uint64_t kRecordBytes = kPcapRecordHeaderBytes + kLargeSnaplen;
  spec.packets = bytes < kPcapFileHeaderBytes ? 0 : (bytes - kPcapFileHeaderBytes) / kRecordBytes;
  return spec;
}

PcapFile::PcapFile(const PcapFileSpec& spec)
    : spec_(spec),
      packets_(spec.seed, spec.filter, spec.frame_bytes),
      size_(FileBytes(spec_, packets_)) {}

std::string PcapFile::Next() {
  std::string piece;
  piece.reserve(kPieceBytes + kMaxFrameBytes + kPcapRecordHeaderBytes);
  if (!header_written_) AppendHeader(piece);
  header_written_ = true;
  while (next_ < spec_.packets && piece.size() < kPieceBytes) AppendRecord(piece, next_++);
  return piece;
}

void PcapFile::AppendHeader(std::string& out) const {
  PutLittle32(out, kMicrosecondMagic);
  PutLittle16(out, 2);  // Version 2.4.
  PutLittle16(out, 4);
  PutLittle32(out, 0);  // Time zone and accuracy: always zero.
  PutLittle32(out, 0);
  PutLittle32(out, spec_.snaplen);
  PutLittle32(out, kLinktypeEthernet);
}

void PcapFile::AppendRecord(std::string& out, uint64_t index) const {
  const std::string frame = packets_.Frame(index);
  const double place = static_cast<double>(index) / static_cast<double>(spec_.packets);
  const int64_t micros = absl::ToUnixMicros(spec_.begin + spec_.window * place);
  const auto captured = static_cast<uint32_t>(std::min<size_t>(frame.size(), spec_.snaplen));
  PutLittle32(out, static_cast<uint32_t>(micros / 1'000'000));
  PutLittle32(out, static_cast<uint32_t>(micros % 1'000'000));
  PutLittle32(out, captured);
  PutLittle32(out, static_cast<uint32_t>(frame.size()));
  out.append(frame, 0, captured);
}

}  // namespace pcaps::emulator
