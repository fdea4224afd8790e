// CaptureStore: the captures of every account, in the order they were created.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/emulator/capture.h"

namespace pcaps::emulator {

class CaptureStore {
 public:
  const Capture& Add(const std::string& account_id, Capture capture);
  // Null where the account has no such capture.
  Capture* Find(const std::string& account_id, const std::string& id);
  // Forgets one, as the API does when its retention ends. False where there was none.
  bool Erase(const std::string& account_id, const std::string& id);
  // Oldest first.
  const std::vector<Capture>& Of(const std::string& account_id) { return accounts_[account_id]; }
  void ForEach(const std::string& account_id, const std::function<void(Capture&)>& change) {
    for (Capture& each : accounts_[account_id]) change(each);
  }
  void Clear() { accounts_.clear(); }

 private:
  std::map<std::string, std::vector<Capture>> accounts_;
};

}  // namespace pcaps::emulator
