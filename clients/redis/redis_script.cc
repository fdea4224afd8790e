#include "clients/redis/redis_script.h"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace pcaps {
namespace {

std::string Sha1(absl::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

}  // namespace

RedisScript::RedisScript(std::string source) {
  std::string sha1 = Sha1(source);
  body_ = std::make_shared<const Body>(Body{std::move(source), std::move(sha1)});
}

}  // namespace pcaps
