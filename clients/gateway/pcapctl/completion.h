// Shell completion: scripts made from the tree of commands itself, so that they are never out of
// date.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace pcaps::pcapctl {

// What `root`, whole, can be completed with in a shell. Words after a command are completed with
// its forms and options, and with those of the commands above it; values of type FILE with files,
// and those of a type "{one,two}" with its words.
std::string BashCompletion(const CLI::App& root);
std::string ZshCompletion(const CLI::App& root);
std::string FishCompletion(const CLI::App& root);

}  // namespace pcaps::pcapctl
