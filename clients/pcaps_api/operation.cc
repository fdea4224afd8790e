#include "clients/pcaps_api/operation.h"

namespace pcaps {

absl::string_view OperationName(Operation operation) {
  switch (operation) {
    case Operation::kListPcaps:
      return "ListPcaps";
    case Operation::kGetPcap:
      return "GetPcap";
    case Operation::kCreatePcap:
      return "CreatePcap";
    case Operation::kStopPcap:
      return "StopPcap";
    case Operation::kDownloadPcap:
      return "DownloadPcap";
    case Operation::kListOwnerships:
      return "ListOwnerships";
    case Operation::kCreateOwnership:
      return "CreateOwnership";
    case Operation::kValidateOwnership:
      return "ValidateOwnership";
    case Operation::kDeleteOwnership:
      return "DeleteOwnership";
  }
  return "Unknown";
}

}  // namespace pcaps
