#include "service/hash_token.h"

#include <iterator>
#include <string>

#include "service/callers.h"
#include "service/secret_file.h"

namespace pcaps {
namespace {

constexpr size_t kMaxTokenBytes = 8192;  // What fits into a call's metadata.
// Whoever reads a callers file can try tokens as fast as he can hash. 128 bits in hexadecimal
// have 32.
constexpr size_t kGuessable = 20;

}  // namespace

int HashToken(std::istream& in, std::ostream& out, std::ostream& err) {
  std::string text(kMaxTokenBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMaxTokenBytes) {
    err << "pcaps-gateway: standard input is too large for a token: give 8 KiB at most\n";
    return 2;
  }
  const absl::StatusOr<std::string> token = CheckSecret(std::move(text), "standard input");
  if (!token.ok()) {
    err << "pcaps-gateway: " << token.status().message() << "; give one token\n";
    return 2;
  }
  if (token->size() < kGuessable) {
    err << "pcaps-gateway: warning: a token this short can be guessed from its hash; make one "
           "with: "
           "openssl rand -hex 32\n";
  }
  out << TokenIdentity(*token) << "\n";
  return 0;
}

}  // namespace pcaps
