#include "tests/clients/client_program.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace pcaps::clients {
namespace {

std::string Contents(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

ClientProgram FindClient(const std::string& name) {
  if (name == "cpp") return {.path = PCAPS_EXAMPLE_CPP};
  const std::filesystem::path directory = std::filesystem::path(PCAPS_CLIENTS) / name;
  if (!exists(directory)) return {.unavailable = "tests/run.sh makes it ready"};
  if (exists(directory / "unavailable")) {
    return {.unavailable = Contents(directory / "unavailable")};
  }
  if (exists(directory / "broken")) return {.broken = Contents(directory / "broken")};
  return {.path = directory / "run"};
}

}  // namespace pcaps::clients
