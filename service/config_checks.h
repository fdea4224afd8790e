// What values of a configuration must be like together, or cannot be by their form alone. Each
// fails the keys that are wrong.
#pragma once

#include "service/config.h"
#include "service/yaml_section.h"

namespace pcaps {

// Who may reach the port, and whether callers are known to it.
void CheckListen(YamlSection& file, const Config& config);
void CheckAdminListen(YamlSection& file, const Config& config);
void CheckTls(YamlSection& tls, const Config::Tls& config);
void CheckAuth(YamlSection& file, const Config& config);

void CheckBaseUrl(YamlSection& upstream, const Config::Upstream& config);
void CheckProxy(YamlSection& upstream, const std::string& proxy);
void CheckCredentials(YamlSection& upstream, const Config::Upstream& config);

}  // namespace pcaps
