#include "clients/pcaps_api/json_codec.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "clients/pcaps_api/destination.h"

namespace pcaps {
namespace {

namespace json = boost::json;

constexpr absl::string_view kMagicTransit = "magic-transit";
constexpr size_t kMaxIdBytes = 32;
constexpr size_t kMaxNameBytes = 64;          // Of status words, data centres, addresses.
constexpr int64_t kMaxSeconds = 366 * 86400;  // A year: far above any limit on a capture's time.

// Reads the fields of one object and remembers the first that makes no sense.
class Reader {
 public:
  explicit Reader(const json::value& json) : object_(json.if_object()) {
    if (object_ == nullptr) Fail("", "is not an object");
  }

  // Null where the field is missing or null.
  const json::value* Find(absl::string_view key) const {
    if (object_ == nullptr) return nullptr;
    const json::value* const value =
        object_->if_contains(json::string_view(key.data(), key.size()));
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  // Empty where the field is missing.
  std::string Text(absl::string_view key, size_t max_bytes) {
    return std::string(CutText(RawText(key), max_bytes));
  }

  absl::string_view RawText(absl::string_view key) {
    const json::value* const value = Find(key);
    if (value == nullptr) return "";
    if (!value->is_string()) {
      Fail(key, "is not a string");
      return "";
    }
    return {value->get_string().data(), value->get_string().size()};
  }

  std::string Id(absl::string_view key) {
    const absl::string_view id = RawText(key);
    const bool valid =
        !id.empty() && id.size() <= kMaxIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
          return absl::ascii_isalnum(c) || c == '_' || c == '-';
        });
    if (!valid) Fail(key, "is not an id");
    return std::string(id);
  }

  std::optional<int64_t> Integer(absl::string_view key, int64_t max) {
    const json::value* const value = Find(key);
    if (value == nullptr) return std::nullopt;
    json::error_code error;
    const int64_t number = value->is_number() ? value->to_number<int64_t>(error) : -1;
    if (error || number < 0 || number > max) {
      Fail(key, "is not a whole number in its range");
      return std::nullopt;
    }
    return number;
  }

  // A missing or empty one is nullopt.
  std::optional<google::protobuf::Timestamp> Time(absl::string_view key) {
    const absl::string_view text = RawText(key);
    if (text.empty()) return std::nullopt;
    static const absl::Time kMin = absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone());
    static const absl::Time kMax =
        absl::FromCivil(absl::CivilSecond(10000, 1, 1), absl::UTCTimeZone());
    absl::Time time;
    if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr) || time < kMin || time >= kMax) {
      Fail(key, "is not an RFC 3339 time");
      return std::nullopt;
    }
    return ToTimestamp(time);
  }

  void Fail(absl::string_view key, absl::string_view what) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat("'", key, "' ", what));
  }

  const absl::Status& status() const { return status_; }

 private:
  static std::string CutText(absl::string_view text, size_t max_bytes) {
    // A cut may split a character: cleaning replaces the remains.
    return CleanText(text.substr(0, max_bytes));
  }

  const json::object* object_;
  absl::Status status_;
};

v1::Pcap::Status StatusFrom(absl::string_view text) {
  if (text == "success") return v1::Pcap::STATUS_SUCCESS;
  if (text == "pending") return v1::Pcap::STATUS_PENDING;
  if (text == "running") return v1::Pcap::STATUS_RUNNING;
  if (text == "conversion_pending") return v1::Pcap::STATUS_CONVERSION_PENDING;
  if (text == "conversion_running") return v1::Pcap::STATUS_CONVERSION_RUNNING;
  if (text == "complete") return v1::Pcap::STATUS_COMPLETE;
  if (text == "failed") return v1::Pcap::STATUS_FAILED;
  return v1::Pcap::STATUS_UNKNOWN;
}

v1::Pcap::Type TypeFrom(absl::string_view text) {
  if (text == "simple") return v1::Pcap::TYPE_SIMPLE;
  if (text == "full") return v1::Pcap::TYPE_FULL;
  return v1::Pcap::TYPE_UNSPECIFIED;
}

v1::Ownership::Status OwnershipStatusFrom(absl::string_view text) {
  if (text == "pending") return v1::Ownership::STATUS_PENDING;
  if (text == "success") return v1::Ownership::STATUS_SUCCESS;
  if (text == "failed") return v1::Ownership::STATUS_FAILED;
  return v1::Ownership::STATUS_UNSPECIFIED;
}

bool IsDone(v1::Pcap::Status status) {
  return status == v1::Pcap::STATUS_SUCCESS || status == v1::Pcap::STATUS_COMPLETE ||
         status == v1::Pcap::STATUS_FAILED;
}

// Limits begin at 1, so a 0 says that there is none.
std::optional<int64_t> LimitFrom(Reader& reader, absl::string_view key, int64_t max) {
  const std::optional<int64_t> limit = reader.Integer(key, max);
  return limit == 0 ? std::nullopt : limit;
}

absl::Status ReadFilter(const json::value& json, v1::Filter& filter) {
  Reader reader(json);
  filter.set_source_address(reader.Text("source_address", kMaxNameBytes));
  filter.set_destination_address(reader.Text("destination_address", kMaxNameBytes));
  if (const auto port = reader.Integer("source_port", 65535)) filter.set_source_port(*port);
  if (const auto port = reader.Integer("destination_port", 65535)) {
    filter.set_destination_port(*port);
  }
  if (const auto protocol = reader.Integer("protocol", 255)) filter.set_protocol(*protocol);
  return reader.status();
}

void ReadFullDetails(Reader& reader, v1::FullDetails& full) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (const auto limit = LimitFrom(reader, "byte_limit", kMax)) full.set_byte_limit(*limit);
  if (const auto count = reader.Integer("packets_captured", kMax)) {
    full.set_packets_captured(*count);
  }
  full.set_colo_name(reader.Text("colo_name", kMaxNameBytes));
  if (full.colo_name().empty()) full.set_colo_name(reader.Text("colo", kMaxNameBytes));  // Older.
  full.set_destination_conf(CleanText(RedactDestination(reader.RawText("destination_conf"))));
  full.set_error_message(CleanText(ScrubSecrets(reader.RawText("error_message"))));
  if (const auto time = reader.Time("stop_requested")) *full.mutable_stop_request_time() = *time;
}

template <typename Item, typename Decode>
absl::StatusOr<std::vector<Item>> ListFrom(const json::value& json, Decode decode) {
  std::vector<Item> items;
  if (json.is_null()) return items;
  if (!json.is_array()) return absl::InvalidArgumentError("'result' is not a list");
  items.reserve(json.get_array().size());
  for (const json::value& element : json.get_array()) {
    absl::StatusOr<Item> item = decode(element);
    if (!item.ok()) return item.status();
    items.push_back(*std::move(item));
  }
  return items;
}

json::object FilterToJson(const v1::Filter& filter) {
  json::object json;
  if (!filter.source_address().empty()) json["source_address"] = filter.source_address();
  if (!filter.destination_address().empty()) {
    json["destination_address"] = filter.destination_address();
  }
  if (filter.has_source_port()) json["source_port"] = filter.source_port();
  if (filter.has_destination_port()) json["destination_port"] = filter.destination_port();
  if (filter.has_protocol()) json["protocol"] = filter.protocol();
  return json;
}

std::string FormatTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", FromTimestamp(timestamp), absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<v1::Pcap> PcapFromJson(const json::value& json, const Observation& observation) {
  Reader reader(json);
  v1::Pcap pcap;
  pcap.set_id(reader.Id("id"));
  pcap.set_account_id(observation.account_id);
  pcap.set_type(TypeFrom(reader.RawText("type")));
  const std::string status = reader.Text("status", kMaxNameBytes);
  pcap.set_status(StatusFrom(status));
  if (pcap.status() == v1::Pcap::STATUS_UNKNOWN) pcap.set_upstream_status(status);
  pcap.set_done(IsDone(pcap.status()));
  if (reader.RawText("system") == kMagicTransit) pcap.set_system(v1::Pcap::SYSTEM_MAGIC_TRANSIT);
  if (const auto seconds = reader.Integer("time_limit", kMaxSeconds)) {
    pcap.mutable_time_limit()->set_seconds(*seconds);
  }
  if (const auto time = reader.Time("offset_time")) *pcap.mutable_offset_time() = *time;
  if (const auto time = reader.Time("submitted")) *pcap.mutable_submit_time() = *time;
  constexpr int64_t kMaxPackets = std::numeric_limits<uint32_t>::max();
  if (const auto limit = LimitFrom(reader, "packet_limit", kMaxPackets)) {
    pcap.set_packet_limit(*limit);
  }
  if (pcap.type() == v1::Pcap::TYPE_FULL) ReadFullDetails(reader, *pcap.mutable_full());
  *pcap.mutable_observed_time() = ToTimestamp(observation.time);
  if (!reader.status().ok()) return reader.status();
  if (const json::value* const filter = reader.Find("filter_v1")) {
    const absl::Status read = ReadFilter(*filter, *pcap.mutable_filter());
    if (!read.ok()) return read;
    if (pcap.filter().ByteSizeLong() == 0) pcap.clear_filter();
  }
  return pcap;
}

absl::StatusOr<std::vector<v1::Pcap>> PcapsFromJson(const json::value& json,
                                                    const Observation& observation) {
  return ListFrom<v1::Pcap>(
      json, [&](const json::value& element) { return PcapFromJson(element, observation); });
}

absl::StatusOr<v1::Ownership> OwnershipFromJson(const json::value& json) {
  Reader reader(json);
  v1::Ownership ownership;
  ownership.set_id(reader.Id("id"));
  ownership.set_destination_conf(CleanText(RedactDestination(reader.RawText("destination_conf"))));
  ownership.set_filename(CleanText(reader.RawText("filename")));
  ownership.set_status(OwnershipStatusFrom(reader.RawText("status")));
  if (const auto time = reader.Time("submitted")) *ownership.mutable_submit_time() = *time;
  if (const auto time = reader.Time("validated")) *ownership.mutable_validate_time() = *time;
  if (!reader.status().ok()) return reader.status();
  return ownership;
}

absl::StatusOr<std::vector<v1::Ownership>> OwnershipsFromJson(const json::value& json) {
  return ListFrom<v1::Ownership>(json, OwnershipFromJson);
}

std::string ToJson(const v1::CreatePcapRequest& request) {
  json::object json;
  json["system"] = json::string_view(kMagicTransit.data(), kMagicTransit.size());
  json["time_limit"] = request.time_limit().seconds();
  const json::object filter = FilterToJson(request.filter());
  if (!filter.empty()) json["filter_v1"] = filter;
  if (request.has_full()) {
    const v1::FullCapture& full = request.full();
    json["type"] = "full";
    json["colo_name"] = full.colo_name();
    json["destination_conf"] = full.destination_conf();
    if (full.has_byte_limit()) json["byte_limit"] = full.byte_limit();
    if (full.has_packet_limit()) json["packet_limit"] = full.packet_limit();
  } else {
    const v1::SimpleCapture& simple = request.simple();
    json["type"] = "simple";
    json["packet_limit"] = simple.packet_limit();
    if (simple.has_offset_time()) json["offset_time"] = FormatTime(simple.offset_time());
  }
  return json::serialize(json);
}

std::string ToJson(const v1::CreateOwnershipRequest& request) {
  json::object json;
  json["destination_conf"] = request.destination_conf();
  return json::serialize(json);
}

std::string ToJson(const v1::ValidateOwnershipRequest& request) {
  json::object json;
  json["destination_conf"] = request.destination_conf();
  json["ownership_challenge"] = request.ownership_challenge();
  return json::serialize(json);
}

}  // namespace pcaps
