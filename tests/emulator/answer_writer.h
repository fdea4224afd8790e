// Sends answers, misbehaving as they say.
#pragma once

#include "clients/base/task.h"
#include "tests/emulator/answer.h"
#include "tests/emulator/connection.h"

namespace pcaps::emulator {

// Sends `answer` and ends the connection as it says. True where the connection may serve another
// request.
Task<bool> WriteAnswer(Connection& connection, Answer answer);

}  // namespace pcaps::emulator
