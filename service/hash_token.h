// pcaps-gateway hash-token: what a callers file says of a bearer token, so that it need not hold
// it.
#pragma once

#include <istream>
#include <ostream>

namespace pcaps {

// Reads a token from `in` and writes its "sha256:..." line to `out`; says on `err` what is wrong
// with it, or that it is easily guessed. Returns the exit code.
int HashToken(std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace pcaps
