#include "tests/integration/support/door.h"

#include <filesystem>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/base/sha256.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

std::string CallersText(const std::vector<DoorCaller>& callers) {
  json::array list;
  for (const DoorCaller& caller : callers) {
    const std::string hash =
        absl::StrCat("sha256:", absl::BytesToHexString(Sha256::Of(caller.token())));
    json::object item = {{"name", caller.name},
                         {"identities", {absl::StrCat("uri:", caller.uri()), hash}},
                         {"accounts", json::array(caller.accounts.begin(), caller.accounts.end())},
                         {"permission", caller.permission}};
    if (!caller.rate_limit.empty()) item["rate_limit"] = caller.rate_limit;
    list.push_back(std::move(item));
  }
  return json::serialize(json::object({{"callers", std::move(list)}}));
}

}  // namespace

Door::Door(const std::vector<DoorCaller>& callers)
    : callers_(CallersText(callers)), server_(ServerPem()), client_ca_(authority_.pem()) {
  Publish();
}

void Door::Publish() const {
  namespace fs = std::filesystem;
  const std::string name = absl::StrCat("version-", ++version_);
  fs::create_directory(directory_.File(name));
  directory_.Write(absl::StrCat(name, "/callers.yaml"), callers_);
  directory_.Write(absl::StrCat(name, "/tls.crt"), server_.certificate);
  directory_.Write(absl::StrCat(name, "/tls.key"), server_.key);
  directory_.Write(absl::StrCat(name, "/ca.crt"), client_ca_);
  fs::remove(directory_.File("next"));
  fs::create_directory_symlink(name, directory_.File("next"));
  fs::rename(directory_.File("next"), directory_.File("live"));
}

json::object Door::Settings(const std::string& mode) const {
  json::object auth = {{"mode", mode}};
  if (mode != "none") auth["callers_file"] = callers_file();
  json::object tls = {{"cert_file", directory_.File("live/tls.crt")},
                      {"key_file", directory_.File("live/tls.key")}};
  if (mode == "mtls") tls["client_ca_file"] = directory_.File("live/ca.crt");
  return {{"auth", std::move(auth)}, {"tls", std::move(tls)}};
}

void Door::WriteCallers(const std::vector<DoorCaller>& callers) const {
  WriteCallersText(CallersText(callers));
}

void Door::WriteCallersText(const std::string& text) const {
  callers_ = text;
  Publish();
}

void Door::WriteTls(const Pem& server, const std::string& client_ca) const {
  server_ = server;
  client_ca_ = client_ca;
  Publish();
}

std::shared_ptr<grpc::ChannelCredentials> Door::Tls(const std::string& name) const {
  const std::string kind = name.find("://") == std::string::npos ? "DNS:" : "URI:";
  return Tls(authority_, name.empty() ? Pem() : authority_.Issue({kind + name}));
}

std::shared_ptr<grpc::ChannelCredentials> Door::Tls(const Authority& trusted, const Pem& own) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = trusted.pem();
  options.pem_cert_chain = own.certificate;
  options.pem_private_key = own.key;
  return grpc::SslCredentials(options);
}

Headers Bearer(const std::string& token) {
  return {{"authorization", absl::StrCat("Bearer ", token)}};
}

}  // namespace pcaps::integration
