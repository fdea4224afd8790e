#include "service/rpc/stream_census.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace pcaps {
namespace {

namespace json = boost::json;

constexpr int kPageSockets = 500;
// Names of connections that have ended are kept until there are so many.
constexpr size_t kMaxSockets = 50'000;

// What channelz answered; null where it knows nothing of what it was asked.
json::value Parse(char* answer) {
  if (answer == nullptr) return nullptr;
  const std::unique_ptr<char, decltype(&gpr_free)> owner(answer, gpr_free);
  json::error_code error;
  json::value value = json::parse(answer, error);
  return error ? json::value() : value;
}

const json::value* Member(const json::value* value, absl::string_view name) {
  if (value == nullptr || !value->is_object()) return nullptr;
  return value->get_object().if_contains({name.data(), name.size()});
}

absl::string_view Text(const json::value* value) {
  if (value == nullptr || !value->is_string()) return "";
  return {value->get_string().data(), value->get_string().size()};
}

// Numbers are strings; one that is zero is left out.
int64_t Number(const json::value* value) {
  int64_t number = 0;
  return absl::SimpleAtoi(Text(value), &number) ? number : 0;
}

const json::array& Array(const json::value* value) {
  static const json::array* const empty = new json::array();
  return value != nullptr && value->is_array() ? value->get_array() : *empty;
}

}  // namespace

StreamCensus::StreamCensus() {
  const json::value servers = Parse(grpc_channelz_get_servers(0));
  for (const json::value& server : Array(Member(&servers, "server"))) {
    server_id_ = Number(Member(Member(&server, "ref"), "serverId"));
  }
}

std::optional<StreamCounts> StreamCensus::Count(const std::string& peer) {
  LearnNewSockets();
  const auto found = socket_ids_.find(peer);
  if (found == socket_ids_.end()) return std::nullopt;
  const json::value socket = Parse(grpc_channelz_get_socket(found->second));
  const json::value* const data = Member(Member(&socket, "socket"), "data");
  if (data == nullptr) {
    socket_ids_.erase(found);
    return std::nullopt;
  }
  return StreamCounts{
      Number(Member(data, "streamsStarted")),
      Number(Member(data, "streamsSucceeded")) + Number(Member(data, "streamsFailed"))};
}

void StreamCensus::LearnNewSockets() {
  if (socket_ids_.size() > kMaxSockets) {
    socket_ids_.clear();
    next_socket_id_ = 0;
  }
  bool more = true;
  while (more) {
    const json::value page =
        Parse(grpc_channelz_get_server_sockets(server_id_, next_socket_id_, kPageSockets));
    const json::array& sockets = Array(Member(&page, "socketRef"));
    for (const json::value& socket : sockets) {
      // "<transport> <peer>"
      const absl::string_view name = Text(Member(&socket, "name"));
      const int64_t id = Number(Member(&socket, "socketId"));
      socket_ids_[std::string(name.substr(name.find(' ') + 1))] = id;
      next_socket_id_ = id + 1;
    }
    more = !sockets.empty() && Member(&page, "end") == nullptr;
  }
}

}  // namespace pcaps
