// RestPcapsApi against a server that misbehaves as told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/pcaps_api/rest_pcaps_api.h"
#include "tests/unit/pcaps_api/test_server.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {

class RestTest : public testing::Test {
 protected:
  RestTest() {
    options_.http.allow_plaintext = true;
    options_.upstream.observer = [this](const UpstreamAttempt& attempt) {
      attempts_.push_back(attempt);
    };
  }

  // Starts the server, and the API that talks to it.
  TestServer& Serve(TestServer::Handler handler) {
    server_ = std::make_unique<TestServer>(std::move(handler));
    Connect(server_->url());
    return *server_;
  }

  void Connect(const std::string& base_url) {
    options_.upstream.base_url = base_url;
    api_ = std::make_unique<RestPcapsApi>(loop_.get_executor(), options_, credentials_, limits_,
                                          clock_, [] { return 0.0; });
  }

  static std::vector<Credential> CredentialsWith(const std::string& token) {
    return {{"default", Token(token), {"acc", "other"}}};
  }

  template <typename T>
  T Run(Task<T> task) {
    return RunTask(loop_, std::move(task));
  }

  absl::StatusOr<v1::Pcap> Get(absl::Duration timeout = absl::Seconds(20)) {
    return Run(api_->GetPcap("acc", "p1", clock_.Now() + timeout));
  }

  absl::StatusOr<v1::Pcap> Create(absl::Duration timeout = absl::Seconds(20)) {
    return Run(api_->CreatePcap(CreateRequest(), clock_.Now() + timeout));
  }

  // Runs a task and cancels it once `ready()` holds.
  template <typename T>
  T Cancel(Task<T> task, const std::function<bool()>& ready) {
    std::optional<T> result;
    boost::asio::cancellation_signal cancel;
    Spawn(loop_.get_executor(), cancel.slot(), std::move(task),
          [&](T value) { result = std::move(value); });
    loop_.restart();
    bool cancelled = false;
    while (!result.has_value()) {
      loop_.run_one_for(std::chrono::milliseconds(10));
      if (cancelled || !ready()) continue;
      cancelled = true;
      cancel.emit(boost::asio::cancellation_type::terminal);
    }
    return *std::move(result);
  }

  static v1::CreatePcapRequest CreateRequest() {
    v1::CreatePcapRequest request;
    request.set_account_id("acc");
    request.mutable_time_limit()->set_seconds(10);
    request.mutable_simple()->set_packet_limit(5);
    return request;
  }

  absl::Time Soon() const { return clock_.Now() + absl::Seconds(20); }

  boost::asio::io_context loop_;
  SystemClock clock_;
  RestPcapsApiOptions options_;
  std::shared_ptr<Credentials> credentials_ =
      std::make_shared<Credentials>(CredentialsWith("t0ken"));
  std::shared_ptr<UpstreamLimits> limits_ = std::make_shared<UpstreamLimits>(256, 0.2);
  std::vector<UpstreamAttempt> attempts_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<RestPcapsApi> api_;
};

}  // namespace pcaps
