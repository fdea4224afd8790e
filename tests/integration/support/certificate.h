// Certificate: a self-signed one for 127.0.0.1 and its key, valid for an hour, as PEM files.
#pragma once

#include <string>

#include "tests/integration/support/temp_dir.h"

namespace pcaps::integration {

class Certificate {
 public:
  Certificate();

  std::string file() const { return directory_.File("cert.pem"); }
  std::string key_file() const { return directory_.File("key.pem"); }

 private:
  TempDir directory_;
};

}  // namespace pcaps::integration
