// ServerStream: one server-streaming RPC, from gRPC's reactor to a coroutine on a loop and back.
//
// States: running -> ending (the caller left, or EndWith) -> finished. WriteLast() and End() are
// the exits; End() does nothing after WriteLast().
//
// One message is gRPC's, another may wait behind it: gRPC's own thread starts that one, so that the
// loop makes the next meanwhile.
//
// gRPC's rules, kept here: one write in flight at a time and never Finish with one; OnCancel and
// OnWriteDone(false) come in either order; every call is finished by us, or Server::Shutdown hangs.
// So a reader that has stopped reading cannot be told why its stream ends: its message waits until
// the reader is cut off, by reader_stall_timeout or by the end of Server::Shutdown's patience.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "clients/base/event.h"
#include "clients/base/mutex.h"
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

  // Answers at once where the call is not admitted, `checked` or else; else runs `handler` on
  // `loop` and ends with what it returns.
  static grpc::ServerWriteReactor<Message>* Start(std::unique_ptr<Call> call, const Loop& loop,
                                                  const absl::Status& checked, Handler handler) {
    auto stream = std::make_shared<ServerStream>(std::move(call), loop, std::move(handler));
    stream->self_ = stream;
    const absl::Status admitted = stream->call_->Admit(checked);
    if (!admitted.ok()) {
      stream->Finish(stream->call_->Conclude(admitted));
      return stream.get();
    }
    stream->ticket_ = stream->call_->env().streams.Add(stream);
    // Its caller may have lost access since he was admitted, before the registry knew of it.
    const absl::Status still = stream->StillAllowed();
    if (!still.ok()) stream->EndWith(still);
    boost::asio::post(loop, [stream] { stream->Run(stream); });
    return stream.get();
  }

  ServerStream(std::unique_ptr<Call> call, const Loop& loop, Handler handler)
      : loop_(loop), call_(std::move(call)), handler_(std::move(handler)), written_(loop) {}

  Task<bool> Write(Message message) override {
    const bool queued = co_await WriteBehind(std::move(message));
    if (!queued) co_return false;
    co_await AwaitUnsent(0);
    const MutexLock lock(mutex_);
    co_return !write_failed_;  // Even when told to end meanwhile: this may be the last one.
  }

  Task<bool> WriteBehind(Message message) override {
    if (Ending()) co_return false;
    co_await AwaitUnsent(1);
    if (Ending()) co_return false;
    Send(std::move(message));
    co_return true;
  }

  Task<bool> WriteLast(Message message) override {
    co_await AwaitUnsent(0);
    if (Ending()) co_return false;
    finished_ = true;
    {
      const MutexLock lock(mutex_);
      writing_ = true;
    }
    message_ = std::move(message);
    call_->env().streams.Remove(ticket_);
    this->StartWriteAndFinish(&message_, grpc::WriteOptions(), call_->Conclude(absl::OkStatus()));
    co_await AwaitUnsent(0);
    co_return true;
  }

  void EndWith(absl::Status why) override {
    boost::asio::post(loop_, [self = this->shared_from_this(), why = std::move(why)]() mutable {
      if (!self->end_status_.ok()) return;
      self->end_status_ = std::move(why);
      self->cancel_.emit(boost::asio::cancellation_type::terminal);
    });
  }

  absl::Status StillAllowed() const override { return call_->StillAllowed(); }

 private:
  void Run(std::shared_ptr<ServerStream> self) {
    if (Ending()) return End(absl::CancelledError("the caller left"));
    Spawn(loop_, cancel_.slot(), Serve(), [self](absl::Status status) { self->End(status); });
  }

  Task<absl::Status> Serve() {
    absl::Status status = co_await handler_(*this);
    co_await AwaitUnsent(0);
    co_return status;
  }

  bool Ending() {
    const MutexLock lock(mutex_);
    return cancelled_ || !end_status_.ok() || write_failed_;
  }

  int Unsent() {
    const MutexLock lock(mutex_);
    return (writing_ ? 1 : 0) + (next_.has_value() ? 1 : 0);
  }

  // Waits until no more than `most` messages are to be taken by gRPC, even when cancelled: it reads
  // what it is taking.
  Task<void> AwaitUnsent(int most) {
    Clock& clock = call_->env().clock;
    absl::Time cut_off = clock.Now() + call_->env().reader_stall_timeout;
    while (Unsent() > most) {
      co_await clock.WaitUntil(written_, cut_off);
      if (Unsent() > most && clock.Now() >= cut_off) {
        CutOff();
        cut_off = absl::InfiniteFuture();
      }
    }
  }

  // OnWriteDone(false) follows, or OnDone where that is what is waited for.
  void CutOff() {
    // The context lives until OnDone has had the mutex. Callbacks come on threads of gRPC's, never
    // within TryCancel().
    const MutexLock lock(mutex_);
    if (writing_) call_->context()->TryCancel();
  }

  void Send(Message message) {
    {
      const MutexLock lock(mutex_);
      if (writing_) {
        next_ = std::move(message);
        return;
      }
      writing_ = true;
    }
    message_ = std::move(message);
    this->StartWrite(&message_);
  }

  void End(absl::Status status) {
    if (finished_) return;  // By WriteLast().
    // A handler that had finished its work anyway is believed.
    if (!status.ok() && !end_status_.ok() && !cancelled_) status = end_status_;
    call_->env().streams.Remove(ticket_);
    this->Finish(call_->Conclude(status));
  }

  void OnWriteDone(bool ok) override {
    if (ok) call_->CountMessage(message_.ByteSizeLong());
    bool more = false;
    {
      const MutexLock lock(mutex_);
      more = ok && next_.has_value();
      writing_ = more;
      write_failed_ = !ok;
      // An idle stream holds no message.
      if (more) message_ = *std::move(next_);
      if (!more) message_.Clear();
      next_.reset();
    }
    if (more) this->StartWrite(&message_);
    boost::asio::post(loop_, [self = self_] { self->written_.Notify(); });
  }

  void OnCancel() override {
    boost::asio::post(loop_, [self = self_] {
      self->cancelled_ = true;
      self->cancel_.emit(boost::asio::cancellation_type::terminal);
    });
  }

  void OnDone() override {
    if (finished_) NoteLast();
    call_->End();
    // Dies on the loop, where everything of it lives; maybe before post() returns, so nothing of it
    // is lent to post().
    const Loop loop = loop_;
    {
      const MutexLock lock(mutex_);
      writing_ = false;
    }
    boost::asio::post(loop, [self = std::move(self_)] { self->written_.Notify(); });
  }

  // Whether the last message went, with the end, to a reader who was there.
  void NoteLast() {
    if (call_->context()->IsCancelled()) {
      call_->Cancelled();
    } else {
      call_->CountMessage(message_.ByteSizeLong());
    }
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
  bool finished_ = false;    // WriteLast() did; OnDone, which follows, reads it, too.
  Event written_;

  Message message_;  // gRPC's while writing_, and then of its thread alone.
  Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;         // From WriteLast() on, until OnDone.
  std::optional<Message> next_ ABSL_GUARDED_BY(mutex_);  // Only while writing_.
  bool write_failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace pcaps
