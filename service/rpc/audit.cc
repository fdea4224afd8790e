#include "service/rpc/audit.h"

#include <boost/json/object.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "clients/pcaps_api/destination.h"

namespace pcaps {
namespace {

void AddFilter(LogLine& line, const v1::Filter& filter) {
  boost::json::object json;
  const auto add_text = [&](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = CleanText(text);
  };
  add_text("source_address", filter.source_address());
  add_text("destination_address", filter.destination_address());
  if (filter.has_source_port()) json["source_port"] = filter.source_port();
  if (filter.has_destination_port()) json["destination_port"] = filter.destination_port();
  if (filter.has_protocol()) json["protocol"] = filter.protocol();
  line.AddValue("filter", json);
}

void AddBucket(LogLine& line, const std::string& destination_conf) {
  line.AddText("bucket", RedactDestination(destination_conf));
}

}  // namespace

void DescribeWrite(LogLine& line, const v1::CreatePcapRequest& request) {
  line.AddText("create_request_id", request.request_id());
  line.AddText("type", request.has_full() ? "full" : request.has_simple() ? "simple" : "none");
  AddFilter(line, request.filter());
  line.AddNumber("time_limit_s", request.time_limit().seconds());
  if (!request.has_full()) {
    line.AddNumber("packet_limit", static_cast<int64_t>(request.simple().packet_limit()));
    if (request.simple().has_offset_time()) {
      line.AddText("offset_time", absl::FormatTime(FromTimestamp(request.simple().offset_time())));
    }
    return;
  }
  const v1::FullCapture& full = request.full();
  line.AddText("colo_name", full.colo_name());
  AddBucket(line, full.destination_conf());
  if (full.has_packet_limit()) {
    line.AddNumber("packet_limit", static_cast<int64_t>(full.packet_limit()));
  }
  if (full.has_byte_limit()) {
    line.AddNumber("byte_limit", static_cast<int64_t>(full.byte_limit()));
  }
}

void DescribeWrite(LogLine&, const v1::StopPcapRequest&) {}  // Its capture is named in every line.

void DescribeWrite(LogLine& line, const v1::CreateOwnershipRequest& request) {
  AddBucket(line, request.destination_conf());
}

void DescribeWrite(LogLine& line, const v1::ValidateOwnershipRequest& request) {
  AddBucket(line, request.destination_conf());
}

void DescribeWrite(LogLine&, const v1::DeleteOwnershipRequest&) {}

}  // namespace pcaps
