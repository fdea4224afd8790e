#include "clients/gateway/part_origin.h"

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clients/gateway/output_file.h"

namespace pcaps {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// An etag that begins so goes on with the digest of the whole file.
constexpr absl::string_view kWholeDigest = "sha256:";

std::string ReadAll(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string TextAt(const json::object& object, const char* key) {
  const json::value* const value = object.if_contains(key);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
}

}  // namespace

bool PartOrigin::names_whole() const { return absl::StartsWith(etag, kWholeDigest); }

std::string BootId() { return ReadAll("/proc/sys/kernel/random/boot_id"); }

absl::StatusOr<PartOrigin> ReadOrigin(const fs::path& path) {
  json::error_code error;
  const json::value value = json::parse(ReadAll(path), error);
  if (error || !value.is_object()) return absl::NotFoundError("no origin");
  const json::object& object = value.get_object();
  PartOrigin origin = {.account_id = TextAt(object, "account_id"),
                       .pcap_id = TextAt(object, "pcap_id"),
                       .etag = TextAt(object, "etag"),
                       .boot_id = TextAt(object, "boot_id")};
  const json::value* const size = object.if_contains("size");
  if (size != nullptr && size->is_int64()) origin.size = size->get_int64();
  return origin;
}

absl::Status WriteOrigin(const PartOrigin& origin, const fs::path& path) {
  json::object object{{"account_id", origin.account_id},
                      {"pcap_id", origin.pcap_id},
                      {"etag", origin.etag},
                      {"boot_id", origin.boot_id}};
  if (origin.size.has_value()) object["size"] = *origin.size;
  // Whole or not there: a half one would make the bytes useless.
  const auto file = OutputFile::Create(path.string());
  if (!file.ok()) return file.status();
  const absl::Status written = (*file)->Write(json::serialize(object) + "\n");
  return written.ok() ? (*file)->Commit() : written;
}

absl::Status CheckWhole(const PartOrigin& origin, int64_t size, const std::string& sha256) {
  if (origin.size.has_value() && size != *origin.size) {
    return absl::DataLossError(absl::StrCat(size, " bytes came, and the file has ", *origin.size));
  }
  if (origin.names_whole() &&
      origin.etag != absl::StrCat(kWholeDigest, absl::BytesToHexString(sha256))) {
    return absl::DataLossError("what came has another SHA-256 than the file");
  }
  return absl::OkStatus();
}

}  // namespace pcaps
