#include "tests/bench/load/emulator_control.h"

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"

namespace pcaps::load {
namespace {

constexpr long kTimeoutMs = 10'000;

size_t Append(char* data, size_t size, size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

}  // namespace

std::string EmulatorControl::Post(const std::string& endpoint, const std::string& json) const {
  const std::string url = absl::StrCat(root_, "/__emulator/", endpoint);
  std::string body;
  long status = 0;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_COPYPOSTFIELDS, json.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 200) return body;
  std::fprintf(stderr, "%s: %s, HTTP %ld %s\n", url.c_str(), curl_easy_strerror(code), status,
               body.c_str());
  std::exit(1);
}

void EmulatorControl::Pin(const std::string& account_id, const std::string& pcap_id,
                          const std::string& status) const {
  const std::string capture =
      pcap_id.empty() ? "" : absl::StrCat(R"("pcap_id":")", pcap_id, R"(",)");
  Post("captures", absl::StrCat(R"({"account":")", account_id, R"(",)", capture, R"("status":")",
                                status, R"("})"));
}

}  // namespace pcaps::load
