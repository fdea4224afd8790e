// What the operator is told of what the parts of the gateway notice: one line an event.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/gateway/upstream_budget.h"
#include "service/telemetry/log.h"

namespace pcaps {

// One line an answer: the first oddity stands for all.
void LogOddAnswer(Log& log, const OddAnswer& odd);

// Nobody but the operator can help where it is not OK: the token must be replaced.
void LogCredential(Log& log, const std::string& name, const absl::Status& status);

// The upstream is left alone for a while, for this reason, or called again (OK).
void LogCircuit(Log& log, const std::string& credential, const absl::Status& why);

// The same options, with the log told of what the upstream's answers close and open.
UpstreamBudgetOptions TellingOf(UpstreamBudgetOptions options, Log& log);

// What was done upstream, whether or not its caller was still there to be audited with it.
void LogWrite(Log& log, const WriteReceipt& receipt);

}  // namespace pcaps
