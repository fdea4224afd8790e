// UnaryCall: one unary RPC, from gRPC's reactor to a coroutine on the control loop and back.
//
// gRPC's rules, kept here and nowhere else: its callback threads never block; every call is
// finished by us, exactly once, or Server::Shutdown hangs; the reactor dies only after OnDone.
// OnCancel may come before the coroutine has begun.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "clients/base/task.h"
#include "service/rpc/call.h"

namespace pcaps {

// Answers at once, on gRPC's thread, without a reactor of its own: nothing is left to be cancelled.
template <typename Response>
grpc::ServerUnaryReactor* AnswerAtOnce(Call& call, Response* response,
                                       absl::StatusOr<Served<Response>> served) {
  if (served.ok()) {
    call.NoteServed(*served);
    *response = std::move(served->value);
    call.CountMessage(response->ByteSizeLong());
  }
  grpc::ServerUnaryReactor* const reactor = call.context()->DefaultReactor();
  const grpc::Status status = call.Conclude(served.status());
  call.End();
  reactor->Finish(status);
  return reactor;
}

// A write may wait long for its turn: it ends where its caller loses access meanwhile. What is sent
// runs to its end.
template <typename Response>
class UnaryCall final : public grpc::ServerUnaryReactor,
                        public EndableStream,
                        public std::enable_shared_from_this<UnaryCall<Response>> {
 public:
  using Handler = std::function<Task<absl::StatusOr<Response>>()>;
  using ServedHandler = std::function<Task<absl::StatusOr<Served<Response>>>()>;

  // The same where the answer may have been remembered: the caller is told.
  static grpc::ServerUnaryReactor* StartServed(std::unique_ptr<Call> call, Response* response,
                                               ServedHandler handler) {
    Handler noting = [&call = *call, handler = std::move(handler)] {
      return Noting(call, handler());
    };
    return Start(std::move(call), response, std::move(noting));
  }

  // Of a call that has asked to Enter(). Answers its refusal at once, else what `handler` returns.
  static grpc::ServerUnaryReactor* Start(std::unique_ptr<Call> call, Response* response,
                                         Handler handler) {
    auto reactor = std::make_shared<UnaryCall>(std::move(call), response, std::move(handler));
    reactor->self_ = reactor;
    if (reactor->call_->entry() == Call::Entry::kRefused) {
      reactor->End(reactor->call_->refusal());
      return reactor.get();
    }
    if (reactor->call_->IsWrite()) {
      reactor->ticket_ = reactor->call_->env().writes.Add(reactor);
      const absl::Status still = reactor->StillAllowed();
      if (!still.ok()) reactor->EndWith(still);
    }
    boost::asio::post(reactor->loop_, [reactor] { reactor->Run(reactor); });
    return reactor.get();
  }

  void EndWith(absl::Status why) override {
    boost::asio::post(loop_, [self = this->shared_from_this(), why = std::move(why)]() mutable {
      if (!self->end_status_.ok()) return;
      self->end_status_ = std::move(why);
      self->cancel_.emit(boost::asio::cancellation_type::terminal);
    });
  }
  absl::Status StillAllowed() const override { return call_->StillAllowed(); }

  UnaryCall(std::unique_ptr<Call> call, Response* response, Handler handler)
      : loop_(call->env().control),
        call_(std::move(call)),
        response_(response),
        handler_(std::move(handler)) {}

 private:
  static Task<absl::StatusOr<Response>> Noting(Call& call,
                                               Task<absl::StatusOr<Served<Response>>> task) {
    absl::StatusOr<Served<Response>> served = co_await std::move(task);
    if (!served.ok()) co_return served.status();
    call.NoteServed(*served);
    co_return std::move(served->value);
  }

  void Run(std::shared_ptr<UnaryCall> self) {
    if (cancelled_) return End(absl::CancelledError("the caller left"));
    if (!end_status_.ok()) return End(end_status_);
    Spawn(loop_, cancel_.slot(), Serve(), [self](absl::StatusOr<Response> result) {
      if (absl::IsCancelled(result.status()) && !self->end_status_.ok()) {
        return self->End(self->end_status_);
      }
      if (!result.ok()) return self->End(result.status());
      *self->response_ = *std::move(result);
      self->call_->NoteAnswer(*self->response_);
      self->call_->CountMessage(self->response_->ByteSizeLong());
      self->End(absl::OkStatus());
    });
  }

  Task<absl::StatusOr<Response>> Serve() {
    if (call_->entry() == Call::Entry::kAsk) {
      const absl::Status admitted = co_await call_->AskRate();
      if (!admitted.ok()) co_return admitted;
    }
    co_return co_await handler_();
  }

  void End(const absl::Status& status) {
    if (call_->IsWrite()) call_->env().writes.Remove(ticket_);
    Finish(call_->Conclude(status));
  }

  void OnCancel() override {
    boost::asio::post(loop_, [self = self_] {
      self->cancelled_ = true;
      self->cancel_.emit(boost::asio::cancellation_type::terminal);
    });
  }

  void OnDone() override {
    call_->End();
    // Dies on the loop, where everything of it lives; maybe before post() returns, so nothing of it
    // is lent to post().
    const Loop loop = loop_;
    boost::asio::post(loop, [self = std::move(self_)] {});
  }

  const Loop loop_;
  const std::unique_ptr<Call> call_;
  Response* const response_;
  const Handler handler_;
  std::shared_ptr<UnaryCall> self_;          // Until OnDone.
  boost::asio::cancellation_signal cancel_;  // On the loop.
  bool cancelled_ = false;                   // On the loop.
  absl::Status end_status_;                  // On the loop: its caller has lost access.
  uint64_t ticket_ = 0;                      // Of a write.
};

}  // namespace pcaps
