#include "clients/pcaps_api/json_codec.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/id.h"
#include "clients/base/proto_time.h"
#include "clients/pcaps_api/destination.h"

namespace pcaps {
namespace {

namespace json = boost::json;

constexpr absl::string_view kMagicTransit = "magic-transit";
constexpr size_t kMaxNameBytes = 64;          // Of status words, data centres, addresses.
constexpr size_t kMaxElements = 10'000;       // Of a list: the upstream lists about 50 captures.
constexpr size_t kMaxOddities = 100;          // One of them is logged, and how many there were.
constexpr int64_t kMaxSeconds = 366 * 86400;  // A year: far above any limit on a capture's time.

void AddOddity(Oddities& oddities, std::string what) {
  if (oddities.size() < kMaxOddities) oddities.push_back(std::move(what));
}

// Reads the fields of one object. One that makes no sense reads as a missing one, and is noted.
class Reader {
 public:
  // `path` goes before the names of fields in what is noted.
  Reader(const json::value& json, absl::string_view path, Oddities& oddities)
      : object_(json.if_object()), path_(path), oddities_(oddities) {}

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
      Note(key, "is not a string");
      return "";
    }
    return {value->get_string().data(), value->get_string().size()};
  }

  // The id, which everything must have. What is noted later is noted of it.
  absl::StatusOr<std::string> Id() {
    const absl::string_view id = RawText("id");
    if (!IsId(id)) return absl::InvalidArgumentError("'id' is not an id");
    path_ = absl::StrCat(id, ": ");
    return std::string(id);
  }

  std::optional<int64_t> Integer(absl::string_view key, int64_t max) {
    const json::value* const value = Find(key);
    if (value == nullptr) return std::nullopt;
    json::error_code error;
    const int64_t number = value->is_number() ? value->to_number<int64_t>(error) : -1;
    if (error || number < 0 || number > max) {
      Note(key, "is not a whole number in its range");
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
      Note(key, "is not an RFC 3339 time");
      return std::nullopt;
    }
    return ToTimestamp(time);
  }

  // A reader of the object in a field; nothing where there is none.
  std::optional<Reader> Object(absl::string_view key) {
    const json::value* const value = Find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) {
      Note(key, "is not an object");
      return std::nullopt;
    }
    return Reader(*value, path_, oddities_);
  }

 private:
  void Note(absl::string_view key, absl::string_view what) {
    AddOddity(oddities_, absl::StrCat(path_, "'", key, "' ", what));
  }

  static std::string CutText(absl::string_view text, size_t max_bytes) {
    // A cut may split a character: cleaning replaces the remains.
    return CleanText(text.substr(0, max_bytes));
  }

  const json::object* object_;
  std::string path_;
  Oddities& oddities_;
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

void ReadFilter(Reader reader, v1::Filter& filter) {
  filter.set_source_address(reader.Text("source_address", kMaxNameBytes));
  filter.set_destination_address(reader.Text("destination_address", kMaxNameBytes));
  if (const auto port = reader.Integer("source_port", 65535)) filter.set_source_port(*port);
  if (const auto port = reader.Integer("destination_port", 65535)) {
    filter.set_destination_port(*port);
  }
  if (const auto protocol = reader.Integer("protocol", 255)) filter.set_protocol(*protocol);
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
absl::StatusOr<std::vector<Item>> ListFrom(const json::value& json, Oddities& oddities,
                                           Decode decode) {
  std::vector<Item> items;
  if (json.is_null()) return items;
  if (!json.is_array()) return absl::InvalidArgumentError("'result' is not a list");
  if (json.get_array().size() > kMaxElements) {
    return absl::InvalidArgumentError(
        absl::StrCat("'result' has more than ", kMaxElements, " elements"));
  }
  std::set<std::string> ids;
  for (const json::value& element : json.get_array()) {
    absl::StatusOr<Item> item = decode(element);
    if (item.ok() && !ids.insert(item->id()).second) {
      item = absl::InvalidArgumentError("its id was there before");
    }
    if (item.ok()) {
      items.push_back(*std::move(item));
    } else {
      AddOddity(oddities, absl::StrCat("an element was left out: ", item.status().message()));
    }
  }
  // Nothing understood is not nothing there.
  if (items.empty() && !json.get_array().empty()) {
    return absl::InvalidArgumentError("no element of 'result' can be decoded");
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

absl::StatusOr<v1::Pcap> PcapFromJson(const json::value& json, const AnswerContext& context,
                                      Oddities& oddities) {
  Reader reader(json, "", oddities);
  absl::StatusOr<std::string> id = reader.Id();
  if (!id.ok()) return id.status();
  v1::Pcap pcap;
  pcap.set_id(*std::move(id));
  pcap.set_account_id(context.account_id);
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
  *pcap.mutable_observed_time() = ToTimestamp(context.time);
  if (const std::optional<Reader> filter = reader.Object("filter_v1")) {
    ReadFilter(*filter, *pcap.mutable_filter());
    if (pcap.filter().ByteSizeLong() == 0) pcap.clear_filter();
  }
  return pcap;
}

absl::StatusOr<std::vector<v1::Pcap>> PcapsFromJson(const json::value& json,
                                                    const AnswerContext& context,
                                                    Oddities& oddities) {
  return ListFrom<v1::Pcap>(json, oddities, [&](const json::value& element) {
    return PcapFromJson(element, context, oddities);
  });
}

absl::StatusOr<v1::Ownership> OwnershipFromJson(const json::value& json, Oddities& oddities) {
  Reader reader(json, "", oddities);
  absl::StatusOr<std::string> id = reader.Id();
  if (!id.ok()) return id.status();
  v1::Ownership ownership;
  ownership.set_id(*std::move(id));
  ownership.set_destination_conf(CleanText(RedactDestination(reader.RawText("destination_conf"))));
  ownership.set_filename(CleanText(reader.RawText("filename")));
  ownership.set_status(OwnershipStatusFrom(reader.RawText("status")));
  if (const auto time = reader.Time("submitted")) *ownership.mutable_submit_time() = *time;
  if (const auto time = reader.Time("validated")) *ownership.mutable_validate_time() = *time;
  return ownership;
}

absl::StatusOr<std::vector<v1::Ownership>> OwnershipsFromJson(const json::value& json,
                                                              Oddities& oddities) {
  return ListFrom<v1::Ownership>(json, oddities, [&](const json::value& element) {
    return OwnershipFromJson(element, oddities);
  });
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
