#include "tests/integration/support/http.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "tests/integration/support/process.h"

namespace pcaps::integration {
namespace {

size_t AppendBody(char* data, size_t size, size_t count, void* answer) {
  static_cast<HttpAnswer*>(answer)->body.append(data, size * count);
  return size * count;
}

size_t AddHeader(char* data, size_t size, size_t count, void* answer) {
  const absl::string_view line(data, size * count);
  const size_t colon = line.find(':');
  if (colon != absl::string_view::npos) {
    static_cast<HttpAnswer*>(answer)->headers[absl::AsciiStrToLower(line.substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return size * count;
}

}  // namespace

HttpAnswer Http(const HttpCall& call) {
  HttpAnswer answer;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  curl_slist* list = nullptr;
  if (!call.authorization.empty()) {
    list = curl_slist_append(list, ("Authorization: " + call.authorization).c_str());
  }
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list,
                                                                            curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, absl::ToInt64Milliseconds(kPatience));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, AppendBody);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, AddHeader);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &answer);
  if (!call.ca_file.empty()) curl_easy_setopt(curl.get(), CURLOPT_CAINFO, call.ca_file.c_str());
  if (call.method != "GET") curl_easy_setopt(curl.get(), CURLOPT_COPYPOSTFIELDS, call.body.c_str());
  const CURLcode code = curl_easy_perform(curl.get());
  EXPECT_EQ(code, CURLE_OK) << curl_easy_strerror(code) << " from " << call.url;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

}  // namespace pcaps::integration
