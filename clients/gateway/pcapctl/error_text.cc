#include "clients/gateway/pcapctl/error_text.h"

#include <boost/json.hpp>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/base/error.h"
#include "clients/gateway/status.h"

namespace pcaps::pcapctl {
namespace {

namespace json = boost::json;

std::string MetadataOf(const google::rpc::ErrorInfo& info, const std::string& key) {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? "" : CleanText(found->second);
}

// The message repeats the bad fields, which people read below, one on a line.
std::string Headline(const absl::Status& error, int bad_fields) {
  if (bad_fields == 0) return CleanText(error.message());
  return bad_fields == 1 ? "1 field is wrong" : absl::StrCat(bad_fields, " fields are wrong");
}

// "running 6680   request id 0f3c   cf-ray 8a1b   try again in 12s"
std::string Footnotes(const absl::Status& error) {
  std::vector<std::string> notes;
  const std::string request_id = CleanText(RequestIdOf(error));
  const std::string cf_ray = MetadataOf(ErrorInfoOf(error), "cf_ray");
  const std::string running = MetadataOf(ErrorInfoOf(error), "running_pcap_id");
  if (!running.empty()) notes.push_back(absl::StrCat("running ", running));
  if (!request_id.empty()) notes.push_back(absl::StrCat("request id ", request_id));
  if (!cf_ray.empty()) notes.push_back(absl::StrCat("cf-ray ", cf_ray));
  if (const auto delay = RetryAfterOf(error); delay.has_value()) {
    // Rounded up: never told to come back too early.
    notes.push_back(
        absl::StrCat("try again in ", absl::FormatDuration(absl::Ceil(*delay, absl::Seconds(1)))));
  }
  return absl::StrJoin(notes, "   ");
}

}  // namespace

std::string ErrorText(const absl::Status& error) {
  std::string text = absl::StrCat("pcapctl: ", absl::StatusCodeToString(error.code()));
  const std::string reason = CleanText(ErrorInfoOf(error).reason());
  if (!reason.empty()) absl::StrAppend(&text, " (", reason, ")");
  const google::rpc::BadRequest bad_request = BadRequestOf(error);
  absl::StrAppend(&text, ": ", Headline(error, bad_request.field_violations_size()), "\n");
  for (const auto& violation : bad_request.field_violations()) {
    absl::StrAppend(&text, "  ", CleanText(violation.field()), ": ",
                    CleanText(violation.description()), "\n");
  }
  const std::string footnotes = Footnotes(error);
  if (!footnotes.empty()) absl::StrAppend(&text, "  ", footnotes, "\n");
  return text;
}

std::string ErrorJson(const absl::Status& error) {
  const google::rpc::ErrorInfo info = ErrorInfoOf(error);
  json::object object;
  object["code"] = absl::StatusCodeToString(error.code());
  if (!info.reason().empty()) object["reason"] = CleanText(info.reason());
  object["message"] = CleanText(error.message());
  const google::rpc::BadRequest bad_request = BadRequestOf(error);
  json::array fields;
  for (const auto& violation : bad_request.field_violations()) {
    fields.push_back({{"field", CleanText(violation.field())},
                      {"description", CleanText(violation.description())}});
  }
  if (!fields.empty()) object["fieldViolations"] = std::move(fields);
  if (const auto delay = RetryAfterOf(error); delay.has_value()) {
    object["retryDelay"] = absl::StrCat(absl::ToDoubleSeconds(*delay), "s");
  }
  json::object metadata;
  for (const auto& [key, value] : info.metadata()) metadata[key] = CleanText(value);
  if (!metadata.empty()) object["metadata"] = std::move(metadata);
  return json::serialize(json::object{{"error", std::move(object)}}) + "\n";
}

}  // namespace pcaps::pcapctl
