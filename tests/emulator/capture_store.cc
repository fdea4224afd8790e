#include "tests/emulator/capture_store.h"

namespace pcaps::emulator {

const Capture& CaptureStore::Add(const std::string& account_id, Capture capture) {
  return accounts_[account_id].emplace_back(std::move(capture));
}

Capture* CaptureStore::Find(const std::string& account_id, const std::string& id) {
  for (Capture& each : accounts_[account_id]) {
    if (each.id == id) return &each;
  }
  return nullptr;
}

bool CaptureStore::Erase(const std::string& account_id, const std::string& id) {
  return std::erase_if(accounts_[account_id], [&](const Capture& each) { return each.id == id; }) >
         0;
}

}  // namespace pcaps::emulator
