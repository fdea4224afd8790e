// The client policy: proto/pcaps/v1/service_config.json, put here by the build.
#pragma once

namespace pcaps {

extern const char* const kServiceConfigJson;

}  // namespace pcaps
