// Certificates made on the spot, valid for an hour.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/temp_dir.h"

struct evp_pkey_st;
struct x509_st;

namespace pcaps::integration {

// A certificate and its key, in PEM.
struct Pem {
  std::string certificate;
  std::string key;
};

// Issues certificates that whoever trusts pem() trusts.
class Authority {
 public:
  Authority();

  std::string pem() const;
  // `names` as OpenSSL writes them: "DNS:localhost", "IP:127.0.0.1", "URI:spiffe://prod/ui". With
  // `age` it was issued so many seconds ago, and is over where that is more than an hour.
  Pem Issue(const std::vector<std::string>& names, long age = 0) const;

 private:
  const std::shared_ptr<evp_pkey_st> key_;
  const std::shared_ptr<x509_st> certificate_;
};

// One for 127.0.0.1 that vouches for itself, as PEM files.
class Certificate {
 public:
  Certificate();

  std::string file() const { return directory_.File("cert.pem"); }
  std::string key_file() const { return directory_.File("key.pem"); }

 private:
  TempDir directory_;
};

}  // namespace pcaps::integration
