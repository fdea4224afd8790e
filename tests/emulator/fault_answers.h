// What each fault does to an answer.
#pragma once

#include "tests/emulator/answer.h"
#include "tests/emulator/faults.h"

namespace pcaps::emulator {

// Distorts what `answer` says: the right one if the fault lets the request be executed, else a
// blank one.
void DistortContent(const Fault& fault, Answer& answer);
// Distorts how it is sent.
void DistortDelivery(const Fault& fault, Answer& answer);

}  // namespace pcaps::emulator
