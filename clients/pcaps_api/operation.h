// The nine operations of the upstream API.
#pragma once

#include "absl/strings/string_view.h"

namespace pcaps {

enum class Operation {
  kListPcaps,
  kGetPcap,
  kCreatePcap,
  kStopPcap,
  kDownloadPcap,
  kListOwnerships,
  kCreateOwnership,
  kValidateOwnership,
  kDeleteOwnership,
};

// "ListPcaps" for kListPcaps: a label for metrics and logs.
absl::string_view OperationName(Operation operation);

}  // namespace pcaps
