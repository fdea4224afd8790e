// StreamWriter: where a streaming use case puts its messages; the rpc layer implements it.
#pragma once

#include "clients/base/task.h"

namespace pcaps {

template <typename Message>
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;

  // Sends one message and returns when the transport took it, so a slow reader slows the writer.
  // False: the stream is to end (the reader left, or somebody ended it); return soon, with any
  // status.
  virtual Task<bool> Write(Message message) = 0;

  // The same, but returns when the transport took the message before this one: the next can be made
  // while this one is on its way. What is written last still gets to a reader who stays, whatever
  // the stream ends with.
  virtual Task<bool> WriteBehind(Message message) = 0;

  // The same for the last message of a stream that ends OK: return OK after it. It and the end are
  // one write, which halves what the end of a capture costs when thousands watch it.
  virtual Task<bool> WriteLast(Message message) = 0;
};

}  // namespace pcaps
