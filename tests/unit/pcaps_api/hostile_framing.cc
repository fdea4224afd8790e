// Threats in how long an answer says it is, and how it is wrapped.
#include "absl/strings/str_cat.h"
#include "tests/unit/pcaps_api/hostile.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;
using enum Ask;

const std::string kGood = R"({"success":true,"result":{"id":"p1"}})";  // 37 bytes.
const std::string kFile = "Content-Type: application/vnd.tcpdump.pcap\r\n";
const std::string kChunks = "Transfer-Encoding: chunked\r\n";
// Nothing tells its bytes from those of a chunk: they cost time, which is bounded.
constexpr size_t kForASecond = size_t{64} << 30;

std::string Length(const std::string& value) {
  return absl::StrCat("Content-Length: ", value, "\r\n");
}

std::string Chunk(const std::string& data) {
  return absl::StrCat(absl::Hex(data.size()), "\r\n", data, "\r\n");
}

TestAnswer Head(const std::string& headers, const std::string& body,
                TestAnswer::Then then = kClose) {
  return {.bytes = absl::StrCat("HTTP/1.1 200 OK\r\n", headers, "\r\n", body), .then = then};
}

TestAnswer Endless(int status, const std::string& headers, const std::string& body,
                   const std::string& filler) {
  return {.bytes = absl::StrCat("HTTP/1.1 ", status, " Some Words\r\n", headers, "\r\n", body),
          .filler = filler};
}

TestAnswer Coded(const std::string& coding) {
  return Head("Transfer-Encoding: " + coding + "\r\n", Chunk(kGood) + "0\r\n\r\n");
}

}  // namespace

std::vector<Threat> HostileFraming() {
  // clang-format off
  return {
      // Lengths that are none.
      {"LengthNegative",              kGet,  Head(Length("-1"), kGood), kNonsense},
      {"LengthInHex",                 kGet,  Head(Length("0x25"), kGood), kNonsense},
      {"LengthEmpty",                 kGet,  Head(Length(""), kGood), kNonsense},
      {"LengthOfTwoNumbers",          kGet,  Head(Length("37, 37"), kGood), kNonsense},
      {"LengthOf2To63",               kGet,  Head(Length("9223372036854775808"), kGood), kNonsense},
      {"LengthOf2To64And37",          kGet,  Head(Length("18446744073709551653"), kGood), kNonsense},
      {"LengthsThatDiffer",           kGet,  Head(Length("37") + Length("40"), kGood), kNonsense},
      {"LengthsThatAgree",            kGet,  Head(Length("37") + Length("37"), kGood), kOk},
      {"LengthAndChunks",             kGet,  Head(Length("5") + kChunks, Chunk(kGood) + "0\r\n\r\n"), kNonsense},
      // Lengths that lie.
      {"LengthTooLong",               kGet,  Head(Length("1000"), kGood), kUnavailable, 128 << 10, 3},
      {"LengthTooLongAndSilence",     kGet,  Head(Length("1000"), kGood, kHang), kUnavailable},
      {"LengthTooShort",              kGet,  Head(Length("10"), kGood), kNonsense},
      {"LengthBeyondTheBound",        kGet,  Head(Length("4194305"), "", kHang), kNonsense},
      {"LengthOf2To63Less1",          kGet,  Head(Length("9223372036854775807"), kGood, kHang), kNonsense},
      {"FileOf2To63Less1AndSilence",  kDownload, Head(kFile + Length("9223372036854775807"), kGood, kHang), kUnavailable},
      // Bodies without end.
      {"BodyWithoutEnd",              kGet,  Endless(200, "", "", " "), kNonsense, kMaxJson},
      {"BodyOfAnErrorWithoutEnd",     kGet,  Endless(502, "Content-Type: text/html\r\n", "", "<p>"), kUnavailable, kMaxJson, 3},
      {"BodyOfARefusalWithoutEnd",    kGet,  Endless(401, "Content-Type: text/html\r\n", "", "<p>"), "UPSTREAM_CREDENTIALS_REJECTED", kMaxJson},
      {"BodyOfARedirectWithoutEnd",   kGet,  Endless(302, "Location: ELSEWHERE\r\n", "", "<p>"), kNonsense, kMaxJson},
      {"BodyOfAPostWithoutEnd",       kCreate, Endless(200, "", "", " "), "CREATE_OUTCOME_UNKNOWN", kMaxJson},
      {"BodyWhereThereIsNone",        kStop, Endless(204, "", "", "HTTP/1.1 200 OK\r\n\r\n"), kOk},
      {"ErrorToADownloadWithoutEnd",  kDownload, Endless(404, "Content-Type: application/json\r\n", "", " "), "CAPTURE_NOT_FOUND", kMaxJson},
      {"ErrorOf100MBToADownload",     kDownload, Endless(404, Length("100000000"), "", " "), "CAPTURE_NOT_FOUND"},
      {"FileWithoutLengthWithoutEnd", kDownload, Endless(200, kFile, "", "x"), kNonsense},
      // Chunks.
      {"ChunksWithoutEnd",            kGet,  Endless(200, kChunks, "", Chunk("       ")), kNonsense, 2 * kMaxJson},
      {"ChunkWithoutEnd",             kGet,  Endless(200, kChunks, "7fffffffffffffff\r\n", " "), kNonsense, kMaxJson},
      {"ChunkOf2To68",                kGet,  Endless(200, kChunks, "fffffffffffffffff\r\n", " "), kBroken, 256 << 10, 3},
      {"ChunkNegative",               kGet,  Endless(200, kChunks, "-5\r\n", " "), kBroken, 256 << 10, 3},
      {"ChunkOfZerosWithoutEnd",      kGet,  Endless(200, kChunks, "", "0"), kBroken, 256 << 10, 3},
      {"ChunkExtensionWithoutEnd",    kGet,  Endless(200, kChunks, "5;x=", "y"), kUnavailable, kForASecond},
      {"ChunkWithoutItsEnd",          kGet,  Head(kChunks, absl::StrCat("25\r\n", kGood, "xx0\r\n\r\n")), kBroken, 128 << 10, 3},
      {"TrailersWithoutEnd",          kGet,  Endless(200, kChunks, Chunk(kGood) + "0\r\n", "X-T: y\r\n"), kNonsense},
      {"TrailerWithoutEnd",           kGet,  Endless(200, kChunks, Chunk(kGood) + "0\r\nX-T: ", "y"), kBroken, 256 << 10, 3},
      // Codings nobody asked for. This libcurl would undo them, and they can be bombs.
      {"CodedByGzip",                 kGet,  Coded("gzip, chunked"), kNonsense},
      {"CodedByGzipAlone",            kGet,  Coded("gzip"), kNonsense},
      {"CodedTwice",                  kGet,  Coded("chunked, chunked"), kNonsense},
      {"CodedByNobodyKnows",          kGet,  Coded("rot13"), kNonsense},
      {"CodedBehindAChunk",           kGet,  Coded("chunked\r\nTransfer-Encoding: gzip"), kNonsense},
      {"CodedBehindASecondStatusLine", kGet, Coded("gzip\r\nHTTP/1.1: 200 OK"), kNonsense},
      {"CompressedContent",           kGet,  Head("Content-Encoding: gzip\r\n" + Length("37"), kGood), kNonsense},
      {"CompressedFile",              kDownload, Head("Content-Encoding: br\r\n" + kFile + Length("37"), kGood), kNonsense},
  };
  // clang-format on
}

}  // namespace pcaps
