#include "service/app_events.h"

#include <boost/json/object.hpp>

#include "absl/strings/string_view.h"
#include "clients/base/error.h"

namespace pcaps {

void LogOddAnswer(Log& log, const OddAnswer& odd) {
  const absl::string_view operation = OperationName(odd.operation);
  log.Warn("odd_upstream_answer", {{"operation", std::string(operation)},
                                   {"account", odd.account_id},
                                   {"left_out", odd.left_out.front()},
                                   {"left_out_count", odd.left_out.size()},
                                   {"cf_ray", odd.cf_ray}});
}

void LogCredential(Log& log, const std::string& name, const absl::Status& status) {
  if (status.ok()) return log.Info("upstream_credential_accepted", {{"credential", name}});
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  boost::json::object fields = {{"credential", name}};
  for (const char* const key : {"upstream_http_status", "upstream_code", "cf_ray"}) {
    const auto found = info.metadata().find(key);
    if (found != info.metadata().end()) fields[key] = found->second;
  }
  log.Error("upstream_credential_rejected", fields);
}

void LogCircuit(Log& log, const std::string& credential, const absl::Status& why) {
  if (why.ok()) return log.Info("circuit_closed", {{"credential", credential}});
  log.Warn("circuit_open", {{"credential", credential},
                            {"reason", CleanText(why.message())},
                            {"effect", "calls fail at once; one finds out whether it answers"}});
}

UpstreamBudgetOptions TellingOf(UpstreamBudgetOptions options, Log& log) {
  options.ledger.on_closed = [&log](const std::string& bucket, absl::Duration closed_for) {
    log.Warn("upstream_said_stop",
             {{"budget", bucket}, {"for_ms", absl::ToInt64Milliseconds(closed_for)}});
  };
  options.ledger.on_reopened = [&log](const std::string& bucket) {
    log.Info("upstream_takes_calls_again", {{"budget", bucket}});
  };
  return options;
}

void LogWrite(Log& log, const WriteReceipt& receipt) {
  LogLine line = log.Begin(LogLevel::kInfo, "upstream_write");
  line.AddText("operation", OperationName(receipt.operation));
  line.AddText("account", receipt.account_id);
  line.AddText("id", receipt.id);
  if (!receipt.create_request_id.empty()) {
    line.AddText("create_request_id", receipt.create_request_id);
  }
  line.AddText("cf_ray", receipt.cf_ray);
  log.Keep(line);
}

}  // namespace pcaps
