// What the audit tells of a write beside who made it and what came of it: never a secret.
#pragma once

#include <pcaps/v1/ownership.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include "service/telemetry/log_line.h"

namespace pcaps {

// One for each request that changes something.
void DescribeWrite(LogLine& line, const v1::CreatePcapRequest& request);
void DescribeWrite(LogLine& line, const v1::StopPcapRequest& request);
void DescribeWrite(LogLine& line, const v1::CreateOwnershipRequest& request);
void DescribeWrite(LogLine& line, const v1::ValidateOwnershipRequest& request);
void DescribeWrite(LogLine& line, const v1::DeleteOwnershipRequest& request);

}  // namespace pcaps
