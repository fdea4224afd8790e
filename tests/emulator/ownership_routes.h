// The four endpoints of bucket ownership.
#pragma once

#include "tests/emulator/answer.h"
#include "tests/emulator/state.h"

namespace pcaps::emulator {

Answer ListOwnerships(State& state, const Call& call);
Answer CreateOwnership(State& state, const Call& call);
Answer ValidateOwnership(State& state, const Call& call);
Answer DeleteOwnership(State& state, const Call& call);

}  // namespace pcaps::emulator
