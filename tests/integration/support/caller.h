// Caller: calls of the gateway through the generated stubs, with all that a caller can see of them.
#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <pcaps/v1/ownership.grpc.pb.h>
#include <pcaps/v1/pcaps.grpc.pb.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/base/error.h"
#include "clients/gateway/status.h"
#include "tests/integration/support/gateway.h"

namespace pcaps::integration {

using Headers = std::map<std::string, std::string>;

// What came of a call.
struct Outcome {
  absl::Status status;  // With the google.rpc details: see clients/base/error.h.
  Headers headers;      // Initial and trailing metadata.

  std::string Header(const std::string& key) const {
    const auto found = headers.find(key);
    return found == headers.end() ? "" : found->second;
  }
  std::string Reason() const { return ErrorInfoOf(status).reason(); }
  // Of the ErrorInfo; empty where it has none of this name.
  std::string Metadata(const std::string& key) const {
    const google::rpc::ErrorInfo info = ErrorInfoOf(status);
    const auto found = info.metadata().find(key);
    return found == info.metadata().end() ? "" : found->second;
  }
};

template <typename Response>
struct Answer : Outcome {
  Response response;
};

template <typename Message>
struct Streamed : Outcome {
  std::vector<Message> messages;
};

// A stream under way. Ends with its owner: cancelled, if it has not ended by itself.
template <typename Message>
class OpenStream {
 public:
  OpenStream(std::unique_ptr<grpc::ClientContext> context,
             std::unique_ptr<grpc::ClientReader<Message>> reader)
      : context_(std::move(context)), reader_(std::move(reader)) {}
  OpenStream(OpenStream&&) = default;
  ~OpenStream() {
    if (reader_ == nullptr || finished_) return;
    context_->TryCancel();
    (void)reader_->Finish();
  }

  bool Read(Message* message) { return reader_->Read(message); }
  void Cancel() { context_->TryCancel(); }
  // After Read() returned false.
  Outcome Finish();

 private:
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<Message>> reader_;
  bool finished_ = false;
};

inline Headers HeadersOf(const grpc::ClientContext& context) {
  Headers headers;
  const auto add = [&](const auto& metadata) {
    for (const auto& [key, value] : metadata) {
      headers[{key.data(), key.size()}] = {value.data(), value.size()};
    }
  };
  add(context.GetServerInitialMetadata());
  add(context.GetServerTrailingMetadata());
  return headers;
}

template <typename Message>
Outcome OpenStream<Message>::Finish() {
  const grpc::Status status = reader_->Finish();
  finished_ = true;
  return {FromGrpcStatus(status), HeadersOf(*context_)};
}

class Caller {
 public:
  using Stub = v1::PcapsService::Stub;
  using OwnershipStub = v1::OwnershipService::Stub;

  explicit Caller(const Gateway& gateway) : Caller(gateway.Connect()) {}
  explicit Caller(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::PcapsService::NewStub(channel)),
        ownership_stub_(v1::OwnershipService::NewStub(channel)) {}

  // A stream to be read message by message.
  auto Open(const v1::DownloadPcapRequest& request, const Headers& headers = {}) {
    return Stream(&Stub::DownloadPcap, request, headers);
  }
  auto Open(const v1::WatchPcapRequest& request, const Headers& headers = {}) {
    return Stream(&Stub::WatchPcap, request, headers);
  }
  auto Open(const v1::WatchPcapsRequest& request, const Headers& headers = {}) {
    return Stream(&Stub::WatchPcaps, request, headers);
  }

  // One Call() for each RPC, chosen by its request. A stream is read to its end.
  auto Call(const v1::ListPcapsRequest& request, const Headers& headers = {}) {
    return Unary(*stub_, &Stub::ListPcaps, request, headers);
  }
  auto Call(const v1::GetPcapRequest& request, const Headers& headers = {}) {
    return Unary(*stub_, &Stub::GetPcap, request, headers);
  }
  auto Call(const v1::CreatePcapRequest& request, const Headers& headers = {}) {
    return Unary(*stub_, &Stub::CreatePcap, request, headers);
  }
  auto Call(const v1::StopPcapRequest& request, const Headers& headers = {}) {
    return Unary(*stub_, &Stub::StopPcap, request, headers);
  }
  auto Call(const v1::DownloadPcapRequest& request, const Headers& headers = {}) {
    return ToEnd(Open(request, headers));
  }
  auto Call(const v1::WatchPcapRequest& request, const Headers& headers = {}) {
    return ToEnd(Open(request, headers));
  }
  auto Call(const v1::WatchPcapsRequest& request, const Headers& headers = {}) {
    return ToEnd(Open(request, headers));
  }

  auto Call(const v1::ListOwnershipsRequest& request, const Headers& headers = {}) {
    return Unary(*ownership_stub_, &OwnershipStub::ListOwnerships, request, headers);
  }
  auto Call(const v1::CreateOwnershipRequest& request, const Headers& headers = {}) {
    return Unary(*ownership_stub_, &OwnershipStub::CreateOwnership, request, headers);
  }
  auto Call(const v1::ValidateOwnershipRequest& request, const Headers& headers = {}) {
    return Unary(*ownership_stub_, &OwnershipStub::ValidateOwnership, request, headers);
  }
  auto Call(const v1::DeleteOwnershipRequest& request, const Headers& headers = {}) {
    return Unary(*ownership_stub_, &OwnershipStub::DeleteOwnership, request, headers);
  }

  Stub& stub() { return *stub_; }
  OwnershipStub& ownership_stub() { return *ownership_stub_; }

  static std::unique_ptr<grpc::ClientContext> NewContext(const Headers& headers) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    for (const auto& [key, value] : headers) context->AddMetadata(key, value);
    return context;
  }

 private:
  template <typename Service, typename Request, typename Response>
  static Answer<Response> Unary(Service& stub,
                                grpc::Status (Service::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                const Request& request, const Headers& headers) {
    const auto context = NewContext(headers);
    Answer<Response> answer;
    answer.status = FromGrpcStatus((stub.*method)(context.get(), request, &answer.response));
    answer.headers = HeadersOf(*context);
    return answer;
  }

  template <typename Request, typename Message>
  OpenStream<Message> Stream(std::unique_ptr<grpc::ClientReader<Message>> (Stub::*method)(
                                 grpc::ClientContext*, const Request&),
                             const Request& request, const Headers& headers) {
    auto context = NewContext(headers);
    auto reader = (*stub_.*method)(context.get(), request);
    return OpenStream<Message>(std::move(context), std::move(reader));
  }

  template <typename Message>
  static Streamed<Message> ToEnd(OpenStream<Message> stream) {
    Streamed<Message> streamed;
    for (Message message; stream.Read(&message);) streamed.messages.push_back(message);
    static_cast<Outcome&>(streamed) = stream.Finish();
    return streamed;
  }

  const std::unique_ptr<Stub> stub_;
  const std::unique_ptr<OwnershipStub> ownership_stub_;
};

// A message from protobuf's text format.
template <typename Message>
Message Text(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

}  // namespace pcaps::integration
