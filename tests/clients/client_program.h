// ClientProgram: a client in another language, as tests/clients/toolchains.sh made it ready.
#pragma once

#include <string>

namespace pcaps::clients {

struct ClientProgram {
  std::string path;         // What to run; empty where there is none.
  std::string unavailable;  // Why its toolchain could not be had: skip. Empty: it must be there.
  std::string broken;       // Why it could not be built: fail.
};

// `name` as in toolchains.sh, or "cpp".
ClientProgram FindClient(const std::string& name);

}  // namespace pcaps::clients
