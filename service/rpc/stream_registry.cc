#include "service/rpc/stream_registry.h"

namespace pcaps {

uint64_t StreamRegistry::Add(const std::shared_ptr<EndableStream>& stream) {
  absl::Status draining;
  uint64_t ticket = 0;
  {
    const MutexLock lock(mutex_);
    ticket = ++last_ticket_;
    open_.emplace(ticket, stream);
    draining = draining_;
  }
  if (!draining.ok()) stream->EndWith(draining);
  return ticket;
}

void StreamRegistry::Remove(uint64_t ticket) {
  const MutexLock lock(mutex_);
  open_.erase(ticket);
}

std::vector<std::weak_ptr<EndableStream>> StreamRegistry::BeginDrain(absl::Status why) {
  const MutexLock lock(mutex_);
  draining_ = std::move(why);
  return Open();
}

int StreamRegistry::EndThoseNotAllowed() {
  std::vector<std::weak_ptr<EndableStream>> streams;
  {
    const MutexLock lock(mutex_);
    streams = Open();
  }
  int ended = 0;
  for (const std::weak_ptr<EndableStream>& each : streams) {
    const std::shared_ptr<EndableStream> stream = each.lock();
    if (stream == nullptr) continue;
    const absl::Status allowed = stream->StillAllowed();
    if (allowed.ok()) continue;
    stream->EndWith(allowed);
    ++ended;
  }
  return ended;
}

std::vector<std::weak_ptr<EndableStream>> StreamRegistry::Open() const {
  std::vector<std::weak_ptr<EndableStream>> streams;
  streams.reserve(open_.size());
  for (const auto& [ticket, stream] : open_) streams.push_back(stream);
  return streams;
}

}  // namespace pcaps
