// Console: what a command line is connected to.
#pragma once

#include <functional>
#include <ostream>

namespace pcaps::pcapctl {

struct Console {
  std::ostream& out;            // Results.
  std::ostream& err;            // Progress and errors.
  bool shows_progress = false;  // `err` is a terminal: a line on it may be written anew.
  // Whether nobody reads `out` any more, so that what has no other use ends.
  std::function<bool()> reader_left = [] { return false; };
};

}  // namespace pcaps::pcapctl
