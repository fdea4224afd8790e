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
  bool ended = false;                                // The last one was said to be.

  Task<bool> Write(Message message) override {
    if (ended || messages.size() >= room) co_return false;
    messages.push_back(std::move(message));
    co_return true;
  }

  Task<bool> WriteBehind(Message message) override { return Write(std::move(message)); }

  Task<bool> WriteLast(Message message) override {
    const bool written = co_await Write(std::move(message));
    ended = written;
    co_return written;
  }
};

}  // namespace pcaps
