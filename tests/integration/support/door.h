// Door: the files that decide who comes in: a callers file, certificates, tokens.
#pragma once

#include <grpcpp/security/credentials.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/caller.h"
#include "tests/integration/support/certificate.h"
#include "tests/integration/support/temp_dir.h"

namespace pcaps::integration {

// As a callers file has it.
struct DoorCaller {
  std::string name;
  std::vector<std::string> accounts;
  std::string permission = "read";
  boost::json::object rate_limit = {};

  // What he is recognised by, with either mode.
  std::string uri() const { return "spiffe://test/" + name; }
  std::string token() const { return "token-of-" + name; }
};

class Door {
 public:
  explicit Door(const std::vector<DoorCaller>& callers);

  // For Gateway: the keys `auth` and `tls`. `mode`: none, mtls, token.
  boost::json::object Settings(const std::string& mode) const;

  // Replaces the files, each with one rename, as Kubernetes does.
  void WriteCallers(const std::vector<DoorCaller>& callers) const;
  void WriteCallersText(const std::string& text) const;
  // With a certificate of the same authority, or of this one.
  void WriteTls(const Pem& server, const std::string& client_ca) const;

  // A channel's credentials: who trusts our authority, with a certificate of this URI or DNS name;
  // without one where it is empty.
  std::shared_ptr<grpc::ChannelCredentials> Tls(const std::string& name = "") const;
  static std::shared_ptr<grpc::ChannelCredentials> Tls(const Authority& trusted, const Pem& own);

  const Authority& authority() const { return authority_; }
  Pem ServerPem() const { return authority_.Issue({"DNS:localhost", "IP:127.0.0.1"}); }
  std::string callers_file() const { return directory_.File("live/callers.yaml"); }

 private:
  // All files in a directory of their own, which a link is switched to.
  void Publish() const;

  const Authority authority_;
  const TempDir directory_;
  mutable std::string callers_;
  mutable Pem server_;
  mutable std::string client_ca_;
  mutable int version_ = 0;
};

Headers Bearer(const std::string& token);

}  // namespace pcaps::integration
