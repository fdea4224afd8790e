// EmulatorControl: asks a running emulator to behave otherwise; see
// tests/emulator/control_routes.h.
#pragma once

#include <string>

namespace pcaps::load {

class EmulatorControl {
 public:
  // `root`: http://host:port.
  explicit EmulatorControl(std::string root) : root_(std::move(root)) {}

  // The answer's body; exits the program where there is none, or not 200.
  std::string Post(const std::string& endpoint, const std::string& json) const;

  // Shows `status` for one capture; for all of the account where `pcap_id` is empty.
  void Pin(const std::string& account_id, const std::string& pcap_id,
           const std::string& status) const;

 private:
  std::string root_;
};

}  // namespace pcaps::load
