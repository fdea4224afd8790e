// The five endpoints of captures.
#pragma once

#include "tests/emulator/answer.h"
#include "tests/emulator/state.h"

namespace pcaps::emulator {

Answer ListPcaps(State& state, const Call& call);
Answer CreatePcap(State& state, const Call& call);
Answer GetPcap(State& state, const Call& call);
Answer StopPcap(State& state, const Call& call);
Answer DownloadPcap(State& state, const Call& call);

}  // namespace pcaps::emulator
