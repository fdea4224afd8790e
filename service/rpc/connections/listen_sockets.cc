#include "service/rpc/connections/listen_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pcaps {
namespace {

// What may have come and is not read yet: requests are small, and it is the kernel's memory. Left
// to itself it would take 6 MiB for each connection that floods.
constexpr int kReceiveBuffer = 64 << 10;
constexpr int kBacklog = 4096;  // The kernel takes less where net.core.somaxconn says so.

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
  bool IsV6() const { return bytes.ss_family == AF_INET6; }
  // Both begin with family and port.
  void SetPort(int port) {
    reinterpret_cast<sockaddr_in*>(&bytes)->sin_port = htons(static_cast<uint16_t>(port));
  }
  int port() const { return ntohs(reinterpret_cast<const sockaddr_in*>(&bytes)->sin_port); }
};

// What was asked for, and the key of the configuration that asked.
struct Wish {
  const std::string& listen;
  absl::string_view key;
};

absl::Status CannotListen(const Wish& wish, absl::string_view why) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", wish.listen, ": ", why, "; change ", wish.key));
}

absl::Status CannotHave(const Wish& wish, int error) {
  return CannotListen(
      wish, absl::StrCat("the port is taken or not ours to take (", std::strerror(error), ")"));
}

Address Any(int family, int port) {
  Address any;
  any.bytes.ss_family = static_cast<sa_family_t>(family);
  any.size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  any.SetPort(port);
  return any;
}

// A listening socket on `address`, whose port is then the one in use; errno where there is none.
Descriptor Listen(Address& address, bool also_v4) {
  Descriptor socket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return socket;
  const int on = 1;
  const int v6_only = also_v4 ? 0 : 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // What is accepted inherits these.
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  if (address.IsV6()) {
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
  }
  const bool listens = bind(socket.get(), address.get(), address.size) == 0 &&
                       listen(socket.get(), kBacklog) == 0 &&
                       getsockname(socket.get(), address.get(), &address.size) == 0;
  return listens ? std::move(socket) : Descriptor();
}

// Every address of this machine: IPv6 and IPv4 by one socket, or IPv4 alone where there is no
// other.
absl::StatusOr<ListenSockets> ListenOnAll(const Wish& wish, int port) {
  for (const int family : {AF_INET6, AF_INET}) {
    Address any = Any(family, port);
    Descriptor socket = Listen(any, /*also_v4=*/true);
    const int error = errno;
    if (socket.valid()) {
      ListenSockets listening;
      listening.sockets.push_back(std::move(socket));
      listening.port = any.port();
      return listening;
    }
    const bool no_v6 = error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
    if (!no_v6) return CannotHave(wish, error);
  }
  return CannotListen(wish, "there is no network");
}

absl::StatusOr<std::vector<Address>> AddressesOf(const Wish& wish, const std::string& host,
                                                 const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) {
    return CannotListen(wish, absl::StrCat("the host has no address (", gai_strerror(failed), ")"));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<Address> addresses;
  std::set<std::string> seen;  // /etc/hosts may name one twice.
  for (; found != nullptr; found = found->ai_next) {
    Address address;
    address.size = found->ai_addrlen;
    std::memcpy(&address.bytes, found->ai_addr, found->ai_addrlen);
    const std::string bytes(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen);
    if (seen.insert(bytes).second) addresses.push_back(address);
  }
  return addresses;
}

bool IsAny(const Address& address) {
  const Address any = Any(address.bytes.ss_family, address.port());
  return std::memcmp(&any.bytes, &address.bytes, any.size) == 0;
}

}  // namespace

absl::StatusOr<ListenSockets> ListenOn(const std::string& listen, absl::string_view key) {
  const Wish wish{listen, key};
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return CannotListen(wish, "it must be host:port");
  absl::string_view host = absl::string_view(listen).substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  absl::StatusOr<std::vector<Address>> addresses =
      AddressesOf(wish, std::string(host), listen.substr(colon + 1));
  if (!addresses.ok()) return addresses.status();

  ListenSockets listening;
  int error = 0;
  for (Address& address : *addresses) {
    if (IsAny(address)) return ListenOnAll(wish, address.port());
    if (listening.port != 0) address.SetPort(listening.port);  // One port for all of them.
    Descriptor socket = Listen(address, /*also_v4=*/false);
    if (!socket.valid()) {
      error = errno;
      continue;
    }
    listening.sockets.push_back(std::move(socket));
    listening.port = address.port();
  }
  if (listening.sockets.empty()) return CannotHave(wish, error);
  return listening;
}

}  // namespace pcaps
