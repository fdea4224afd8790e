#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/ssl.hpp>
#include <cstdio>
#include <memory>

#include "tests/unit/emulator/server_thread.h"
#include "tests/unit/emulator/test_client.h"

namespace pcaps::emulator {
namespace {

namespace ssl = boost::asio::ssl;
using boost::asio::ip::tcp;

// A self-signed certificate for localhost and its key, in a directory of their own while it lives.
class Certificate {
 public:
  Certificate() {
    EXPECT_NE(mkdtemp(directory_), nullptr);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const auto* host = reinterpret_cast<const unsigned char*>("localhost");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    FILE* certificate_out = std::fopen(file().c_str(), "w");
    PEM_write_X509(certificate_out, certificate.get());
    std::fclose(certificate_out);
    FILE* key_out = std::fopen(key_file().c_str(), "w");
    PEM_write_PrivateKey(key_out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(key_out);
  }

  ~Certificate() {
    unlink(file().c_str());
    unlink(key_file().c_str());
    rmdir(directory_);
  }

  std::string file() const { return std::string(directory_) + "/cert.pem"; }
  std::string key_file() const { return std::string(directory_) + "/key.pem"; }

 private:
  char directory_[32] = "/tmp/emulator-tls-XXXXXX";
};

class TlsTest : public testing::Test {
 protected:
  using Stream = ssl::stream<tcp::socket>;

  TestClient<Stream> Connect() {
    context_.load_verify_file(certificate_.file());
    context_.set_verify_mode(ssl::verify_peer);
    Stream stream(ConnectTo(loop_, server_.port()), context_);
    stream.set_verify_callback(ssl::host_name_verification("localhost"));
    stream.handshake(ssl::stream_base::client);
    return TestClient<Stream>(std::move(stream));
  }

  Certificate certificate_;
  boost::asio::io_context loop_;
  ssl::context context_{ssl::context::tls_client};
  ServerThread server_{{}, certificate_.file(), certificate_.key_file()};
};

TEST_F(TlsTest, ServesOverTlsWithKeepAlive) {
  EXPECT_EQ(server_.url().substr(0, 8), "https://");
  auto client = Connect();
  EXPECT_EQ(client.Call("GET", "/client/v4/accounts/acct/pcaps").result_int(), 200U);
  EXPECT_EQ(client.Call("GET", "/client/v4/accounts/acct/pcaps").result_int(), 200U);
}

TEST_F(TlsTest, AnOrderlyEndSaysSoAndAResetDoesNot) {
  auto orderly = Connect();
  orderly.Call("POST", "/__emulator/faults", R"([{"fault":"truncate","bytes":5,"count":1},
                                                 {"fault":"reset_after","count":1}])");
  orderly.Send("GET", "/client/v4/accounts/acct/pcaps");
  orderly.ReadToEnd();
  EXPECT_EQ(orderly.error(), boost::asio::error::eof);
  auto reset = Connect();
  reset.Call("GET", "/client/v4/accounts/acct/pcaps");
  EXPECT_EQ(reset.error(), boost::asio::error::connection_reset);
}

TEST_F(TlsTest, PlainHttpGetsNoAnswer) {
  TestClient<tcp::socket> plain(ConnectTo(loop_, server_.port()));
  plain.Call("GET", "/client/v4/accounts/acct/pcaps");
  EXPECT_TRUE(plain.error());
}

}  // namespace
}  // namespace pcaps::emulator
