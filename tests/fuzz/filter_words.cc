// Filters in tcpdump's words: what is accepted means the same when it is written again, is sent as
// it was understood, and is a filter that the gateway takes. Input: the expression.
#include "clients/gateway/pcapctl/filter_words.h"

#include <google/protobuf/util/json_util.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/gateway/pcapctl/render.h"
#include "service/rpc/request_checks.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

using pcapctl::FilterFromWords;

constexpr size_t kMaxErrorBytes = 512;

// The filter in words, as plainly as there are.
std::string WordsOf(const v1::Filter& filter) {
  std::vector<std::string> words;
  if (filter.has_protocol()) words.push_back(absl::StrCat("proto ", filter.protocol()));
  if (!filter.source_address().empty()) {
    words.push_back(absl::StrCat("src host ", filter.source_address()));
  }
  if (!filter.destination_address().empty()) {
    words.push_back(absl::StrCat("dst host ", filter.destination_address()));
  }
  if (filter.has_source_port()) words.push_back(absl::StrCat("src port ", filter.source_port()));
  if (filter.has_destination_port()) {
    words.push_back(absl::StrCat("(dst port ", filter.destination_port(), ")"));
  }
  return absl::StrJoin(words, " and ");
}

v1::CreatePcapRequest RequestWith(const v1::Filter& filter) {
  v1::CreatePcapRequest request;
  request.set_account_id("a1");
  request.mutable_time_limit()->set_seconds(60);
  request.mutable_simple()->set_packet_limit(100);
  *request.mutable_filter() = filter;
  return request;
}

void CheckFilter(const v1::Filter& filter) {
  const std::string bytes = filter.SerializeAsString();
  const std::string words = WordsOf(filter);
  const absl::StatusOr<v1::Filter> again = FilterFromWords(words);
  Require(again.ok(), "a filter can be written in words", words);
  Require(again->SerializeAsString() == bytes, "words mean the same again", words);

  const v1::CreatePcapRequest request = RequestWith(filter);
  const absl::Status checked = CheckRequest(request, RequestBounds(), absl::Now());
  Require(checked.ok(), "the gateway takes the filter", checked.message());
  const std::string json = pcapctl::ToJsonLine(request);
  v1::CreatePcapRequest read;
  Require(google::protobuf::util::JsonStringToMessage(json, &read).ok(), "a dry run is JSON", json);
  Require(read.filter().SerializeAsString() == bytes, "a dry run shows the filter", json);
  Require(IsOneLine(pcapctl::FilterText(filter)), "a filter is shown on one line");
}

void Feed(absl::string_view expression) {
  const absl::StatusOr<v1::Filter> filter = FilterFromWords(expression);
  if (filter.ok()) return CheckFilter(*filter);
  const absl::string_view error = filter.status().message();
  Require(error.size() <= kMaxErrorBytes && IsUtf8(error), "an error is short", error);
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pcaps::Feed({reinterpret_cast<const char*>(data), size});
  return 0;
}
