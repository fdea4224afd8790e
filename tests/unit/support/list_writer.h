// A StreamWriter that keeps what it is given.
#pragma once

#include <limits>
#include <vector>

#include "service/gateway/stream_writer.h"

namespace pcaps {

template <typename Message>
class ListWriter : public StreamWriter<Message> {
 public:
  std::vector<Message> messages;
  size_t room = std::numeric_limits<size_t>::max();  // The reader leaves after so many.

  Task<bool> Write(Message message) override {
    if (messages.size() >= room) co_return false;
    messages.push_back(std::move(message));
    co_return true;
  }

  Task<bool> WriteBehind(Message message) override { return Write(std::move(message)); }
};

}  // namespace pcaps
