#include "service/watched_files.h"

#include <memory>
#include <string>
#include <utility>

#include "service/callers.h"
#include "service/tls_files.h"
#include "service/upstream_token.h"

namespace pcaps {

std::vector<Reloader::Watched> WatchedFiles(const Config& config, RpcServer& server,
                                            CallerDirectory& directory, const RpcEnv& env,
                                            Credentials& credentials,
                                            std::vector<Credential> tokens) {
  std::vector<Reloader::Watched> watched;
  if (!config.tls.cert_file.empty()) {
    std::vector<std::string> files = {config.tls.cert_file, config.tls.key_file};
    if (!config.tls.client_ca_file.empty()) files.push_back(config.tls.client_ca_file);
    watched.push_back({"tls", std::move(files), [&]() -> absl::Status {
                         auto tls = ReadTlsFiles(config.tls);
                         if (!tls.ok()) return tls.status();
                         server.ReplaceTls(*std::move(tls));
                         return absl::OkStatus();
                       }});
  }
  if (config.auth.mode != Config::AuthMode::kNone) {
    watched.push_back({"callers", {config.auth.callers_file}, [&]() -> absl::Status {
                         auto callers = ReadCallersFile(config.auth.callers_file);
                         if (!callers.ok()) return callers.status();
                         directory.Replace(*std::move(callers));
                         const int streams = env.streams.EndThoseNotAllowed();
                         const int writes = env.writes.EndThoseNotAllowed();
                         if (streams + writes > 0) {
                           env.log.Info("access_lost", {{"streams", streams}, {"writes", writes}});
                         }
                         return absl::OkStatus();
                       }});
  }
  // Each by itself: a broken file keeps no other token from its rotation.
  const auto in_force = std::make_shared<std::vector<Credential>>(std::move(tokens));
  for (size_t i = 0; i < in_force->size(); ++i) {
    const std::string& file = config.upstream.credentials[i].token_file;
    if (file.empty()) continue;
    watched.push_back({"upstream_token", {file}, [&, in_force, i] {
                         absl::StatusOr<Token> token = ReadToken(config.upstream.credentials[i]);
                         if (!token.ok()) return token.status();
                         (*in_force)[i].token = *std::move(token);
                         credentials.Replace(*in_force);
                         return absl::OkStatus();
                       }});
  }
  return watched;
}

}  // namespace pcaps
