// Text that would mean something to a path, a header or a log, in every field and header: refused
// before any upstream call, or inert.
#include <google/protobuf/message.h>

#include <algorithm>
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/door.h"
#include "tests/integration/support/raw_http2.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

constexpr char kMark[] = "INJECTED";

const std::vector<std::string>& Nasties() {
  static const auto* const nasties = new std::vector<std::string>{
      "../../user/tokens",
      "..",
      "a/../../b",
      "%2e%2e%2f",
      "a%00b",
      "a?per_page=1000",
      "a#b",
      "a;b",
      "a\\..\\b",
      std::string("a\0b", 3),
      "a\r\nX-Injected: INJECTED",
      "a\n{\"level\":\"info\",\"event\":\"INJECTED\"}",
      "a\",\"event\":\"INJECTED\",\"x\":\"",
      "\x1b[2J\x1b]0;INJECTED\x07",
      "\xe2\x80\xae DETCEJNI",
      "\xc3\xa4\xc3\xb6",
      "{{INJECTED}} ${INJECTED} %s%n%x",
      std::string(10'000, 'a'),
  };
  return *nasties;
}

// Sets one string field, by its path: "account_id", "filter.source_address", "full.colo_name".
void SetText(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
             const std::string& text) {
  if (field.is_repeated()) {
    message.GetReflection()->AddString(&message, &field, text);
  } else {
    message.GetReflection()->SetString(&message, &field, text);
  }
}

// Calls with `request`, one string field after the other replaced by each of the nasties.
template <typename Request>
class Attack {
 public:
  Attack(World& world, Request request) : world_(world), request_(std::move(request)) {}

  void Run() { Visit(request_, Request::descriptor()->name()); }
  int calls() const { return calls_; }

 private:
  void Visit(google::protobuf::Message& part, const std::string& path) {
    const auto& descriptor = *part.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const auto& field = *descriptor.field(i);
      const std::string name = absl::StrCat(path, ".", field.name());
      if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
        if (!field.is_repeated() && part.GetReflection()->HasField(part, &field)) {
          Visit(*part.GetReflection()->MutableMessage(&part, &field), name);
        }
      } else if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
        Replace(part, field, name);
      }
    }
  }

  void Replace(google::protobuf::Message& part, const google::protobuf::FieldDescriptor& field,
               const std::string& name) {
    const std::unique_ptr<google::protobuf::Message> before(part.New());
    before->CopyFrom(part);
    for (const std::string& nasty : Nasties()) {
      SetText(part, field, nasty);
      Call(name, nasty);
      part.CopyFrom(*before);
    }
  }

  void Call(const std::string& name, const std::string& nasty) {
    SCOPED_TRACE(absl::StrCat(name, " = ", absl::CHexEscape(nasty.substr(0, 40))));
    const int64_t before = world_.emulator.Requests();
    const Outcome outcome = world_.caller.Call(request_);
    ++calls_;
    const bool refused =
        outcome.status.code() == absl::StatusCode::kInvalidArgument ||
        outcome.status.code() == absl::StatusCode::kInternal;  // Not UTF-8: gRPC's.
    if (refused) {
      EXPECT_EQ(world_.emulator.Requests(), before) << outcome.status;
    }
    // What was let through reached the upstream as a value: no other path, no other method.
    EXPECT_EQ(world_.emulator.Requests("unknown_route"), 0);
    EXPECT_EQ(world_.emulator.Requests("method_not_allowed"), 0);
    EXPECT_EQ(outcome.status.message().find('\n'), absl::string_view::npos);
  }

  World& world_;
  Request request_;
  int calls_ = 0;
};

// That each line of the log is one of ours, whole.
void ExpectSoundLog(const Gateway& gateway) {
  for (const json::object& line : gateway.Log()) {
    const json::value* const event = line.if_contains("event");
    ASSERT_TRUE(event != nullptr && event->is_string()) << json::serialize(line);
    EXPECT_NE(event->get_string(), kMark) << json::serialize(line);
    EXPECT_FALSE(line.contains("x"));
  }
  for (const char c : gateway.RawLog()) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= ' ') << "a control character";
  }
}

TEST(Injection, EveryTextFieldOfEveryRequestIsRefusedOrInert) {
  World world;
  // Neither done nor stoppable, so that nothing of it changes.
  const std::string id = world.emulator.Seed(kAccount, 1, "pending")[0];
  v1::CreatePcapRequest full = FullRequest();
  full.set_request_id("r");
  full.mutable_filter()->set_source_address("192.0.2.1");
  v1::WatchPcapsRequest watch;
  watch.set_account_id(kAccount);
  watch.add_pcap_ids(id);
  v1::ListPcapsRequest list;
  list.set_account_id(kAccount);
  v1::StopPcapRequest stop;
  stop.set_account_id(kAccount);
  stop.set_pcap_id(id);
  int calls = 0;
  const auto run = [&](auto attack) {
    attack.Run();
    calls += attack.calls();
  };
  run(Attack(world, list));
  run(Attack(world, GetRequest(id)));
  run(Attack(world, full));
  run(Attack(world, stop));
  run(Attack(world, DownloadRequest(id)));
  // What is let through watches on: nothing but ids can be changed in these.
  run(Attack(world, WatchRequest(id)));
  run(Attack(world, watch));
  run(Attack(world, ListOwnershipsRequest()));
  run(Attack(world, CreateOwnershipRequest()));
  run(Attack(world, ValidateRequest("c")));
  run(Attack(world, DeleteRequest("none")));
  std::cout << "injection: " << calls << " calls with a nasty field\n";
  ExpectSoundLog(world.gateway);
}

bool IsHeaderText(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
}

// By a caller made by hand: gRPC's own would not send it.
void CallRaw(const Gateway& gateway, const Headers& headers) {
  RawHttp2 connection(gateway.address(), 1 << 20);
  connection.Call("/pcaps.v1.PcapsService/GetPcap", GetRequest("none"),
                  Http2Headers(headers.begin(), headers.end()));
  while (const auto frame = connection.Read()) {
    EXPECT_EQ(frame->payload.find("x-injected"), std::string::npos);
    if (frame->EndsStream() || frame->type == Http2Frame::kGoAway) break;
  }
}

TEST(Injection, EveryHeaderWeReadIsRefusedOrInert) {
  const std::vector<DoorCaller> callers = {{.name = "caller", .accounts = {"*"}}};
  const Door door(callers);
  json::object settings = door.Settings("token");
  settings.erase("tls");
  World world(settings);
  int calls = 0;
  for (const char* const key : {"request-id", "traceparent", "authorization", "x-forwarded-for",
                                "grpc-trace-bin", "anything-bin"}) {
    for (const std::string& nasty : Nasties()) {
      SCOPED_TRACE(absl::StrCat(key, " = ", absl::CHexEscape(nasty.substr(0, 40))));
      Headers headers = Bearer(callers[0].token());
      headers[key] = nasty;
      ++calls;
      if (!IsHeaderText(nasty)) {
        CallRaw(world.gateway, headers);
        continue;
      }
      const auto answer = world.caller.Call(GetRequest("none"), headers);
      EXPECT_FALSE(answer.status.ok());
      EXPECT_NE(answer.Reason(), "INTERNAL") << answer.status;
      for (const auto& [name, value] : answer.headers) {
        EXPECT_TRUE(absl::EndsWith(name, "-bin") || IsHeaderText(value)) << name;
      }
    }
  }
  std::cout << "injection: " << calls << " calls with a nasty header\n";
  // Still well.
  EXPECT_EQ(world.caller.Call(GetRequest("none"), Bearer(callers[0].token())).Reason(),
            "CAPTURE_NOT_FOUND");
  ExpectSoundLog(world.gateway);
}

}  // namespace
}  // namespace pcaps::integration
