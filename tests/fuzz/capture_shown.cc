// What pcapctl shows of captures and buckets, whatever a gateway says of them: it moves nobody's
// cursor, and is JSON where that is asked for. Input: a letter that names the message, then its
// protobuf bytes.
#include <google/protobuf/util/json_util.h>
#include <pcaps/v1/ownership.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "clients/gateway/pcapctl/render.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

void RequirePlain(absl::string_view text) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    Require(IsOneLine(line), "what is shown is plain lines", text);
  }
}

// A row for each thing, and a heading where there is one.
void RequireRows(const std::string& table, int rows) {
  RequirePlain(table);
  Require(std::count(table.begin(), table.end(), '\n') == rows, "a row is one line", table);
}

template <typename Message>
void CheckJson(const Message& message) {
  const std::string json = pcapctl::ToJsonLine(message);
  RequirePlain(json);
  Require(std::count(json.begin(), json.end(), '\n') == 1 && json.back() == '\n',
          "JSON is one line", json);
}

void Check(const v1::Pcap& pcap) {
  CheckJson(pcap);
  RequirePlain(pcapctl::PcapDetails(pcap));
  RequireRows(pcapctl::PcapTable({pcap, pcap}), 3);
  Require(IsOneLine(pcapctl::StatusText(pcap)), "a status is one line");
  Require(IsOneLine(pcapctl::FilterText(pcap.filter())), "a filter is one line");
}

void Check(const v1::Ownership& ownership) {
  CheckJson(ownership);
  RequirePlain(pcapctl::OwnershipDetails(ownership));
  RequireRows(pcapctl::OwnershipTable({ownership, ownership}), 3);
  Require(IsOneLine(pcapctl::OwnershipStatusText(ownership)), "a status is one line");
}

template <typename Message>
void Feed(const std::string& bytes) {
  Message message;
  if (message.ParseFromString(bytes)) Check(message);
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || (data[0] != 'p' && data[0] != 'o')) return -1;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'p') pcaps::Feed<pcaps::v1::Pcap>(bytes);
  if (data[0] == 'o') pcaps::Feed<pcaps::v1::Ownership>(bytes);
  return 0;
}
