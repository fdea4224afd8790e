// ServerStream: one server-streaming RPC, from gRPC's reactor to a coroutine on a loop and back.
//
// States: running -> ending (the caller left, or EndWith) -> finished; End() is the only exit.
// gRPC's rules, kept here: one write in flight at a time and never Finish with one; OnCancel and
// OnWriteDone(false) come in either order; every call is finished by us, or Server::Shutdown hangs.
// So a reader that has stopped reading cannot be told why its stream ends: its message waits until
// the reader is cut off, by reader_stall_timeout or by the end of Server::Shutdown's patience.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <utility>

#include "clients/base/event.h"
#include "clients/base/task.h"
#include "service/gateway/stream_writer.h"
#include "service/rpc/call.h"
#include "service/rpc/stream_registry.h"

namespace pcaps {

template <typename Message>
class ServerStream final : public grpc::ServerWriteReactor<Message>,
                           public StreamWriter<Message>,
                           public EndableStream,
                           public std::enable_shared_from_this<ServerStream<Message>> {
 public:
  using Handler = std::function<Task<absl::Status>(StreamWriter<Message>&)>;

  // Answers `checked` at once where it is an error, else runs `handler` on `loop` and ends with
  // what it returns.
  static grpc::ServerWriteReactor<Message>* Start(std::unique_ptr<Call> call, const Loop& loop,
                                                  const absl::Status& checked, Handler handler) {
    auto stream = std::make_shared<ServerStream>(std::move(call), loop, std::move(handler));
    stream->self_ = stream;
    if (checked.ok()) {
      stream->ticket_ = stream->call_->env().streams.Add(stream);
      boost::asio::post(loop, [stream] { stream->Run(stream); });
    } else {
      stream->Finish(stream->call_->Conclude(checked));
    }
    return stream.get();
  }

  ServerStream(std::unique_ptr<Call> call, const Loop& loop, Handler handler)
      : loop_(loop), call_(std::move(call)), handler_(std::move(handler)), written_(loop) {}

  // Waits for gRPC to take the message even when cancelled: gRPC reads it until then.
  Task<bool> Write(Message message) override {
    if (Ending()) co_return false;
    Clock& clock = call_->env().clock;
    message_ = std::move(message);
    writing_ = true;
    this->StartWrite(&message_);
    absl::Time cut_off = clock.Now() + call_->env().reader_stall_timeout;
    while (writing_) {
      co_await clock.WaitUntil(written_, cut_off);
      if (writing_ && clock.Now() >= cut_off) {
        call_->context()->TryCancel();  // OnWriteDone(false) follows.
        cut_off = absl::InfiniteFuture();
      }
    }
    if (write_ok_) call_->CountMessage(message_.ByteSizeLong());
    co_return write_ok_ && !Ending();
  }

  void EndWith(absl::Status why) override {
    boost::asio::post(loop_, [self = this->shared_from_this(), why = std::move(why)]() mutable {
      if (!self->end_status_.ok()) return;
      self->end_status_ = std::move(why);
      self->cancel_.emit(boost::asio::cancellation_type::terminal);
    });
  }

 private:
  void Run(std::shared_ptr<ServerStream> self) {
    if (Ending()) return End(absl::CancelledError("the caller left"));
    Spawn(loop_, cancel_.slot(), handler_(*this),
          [self](absl::Status status) { self->End(status); });
  }

  bool Ending() const { return cancelled_ || !end_status_.ok(); }

  void End(absl::Status status) {
    // A handler that had finished its work anyway is believed.
    if (!status.ok() && !end_status_.ok() && !cancelled_) status = end_status_;
    call_->env().streams.Remove(ticket_);
    this->Finish(call_->Conclude(status));
  }

  void OnWriteDone(bool ok) override {
    boost::asio::post(loop_, [self = self_, ok] {
      self->writing_ = false;
      self->write_ok_ = ok;
      self->written_.Notify();
    });
  }

  void OnCancel() override {
    boost::asio::post(loop_, [self = self_] {
      self->cancelled_ = true;
      self->cancel_.emit(boost::asio::cancellation_type::terminal);
    });
  }

  void OnDone() override {
    call_->LogEnd();
    // Dies on the loop, where everything of it lives; maybe before post() returns, so nothing of it
    // is lent to post().
    const Loop loop = loop_;
    boost::asio::post(loop, [self = std::move(self_)] {});
  }

  const Loop loop_;
  const std::unique_ptr<Call> call_;
  const Handler handler_;
  std::shared_ptr<ServerStream> self_;  // Until OnDone.
  uint64_t ticket_ = 0;

  // On the loop.
  boost::asio::cancellation_signal cancel_;
  bool cancelled_ = false;   // The caller left.
  absl::Status end_status_;  // Somebody told it to end.
  Message message_;          // gRPC's while writing_.
  bool writing_ = false;
  bool write_ok_ = false;
  Event written_;
};

}  // namespace pcaps
