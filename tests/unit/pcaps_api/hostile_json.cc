// Threats in JSON: what it costs to read, and what it says.
#include "absl/strings/str_cat.h"
#include "tests/unit/pcaps_api/hostile.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;
using enum Ask;

constexpr char kRejected[] = "UPSTREAM_REJECTED";
const std::string kGood = R"({"success":true,"result":{"id":"p1"}})";

TestAnswer Result(const std::string& before, const std::string& filler, const std::string& after) {
  return Filled(200, R"({"success":true,"result":)" + before, filler, after + "}");
}

// Of one capture, the last of whose fields is this one.
TestAnswer Field(const std::string& name, const std::string& before, const std::string& filler) {
  return Result(absl::StrCat(R"({"id":"p1","type":"full",")", name, "\":", before), filler,
                before.starts_with('"') ? "\"}" : "}");
}

TestAnswer Errors(const std::string& before, const std::string& filler, const std::string& after) {
  return Filled(400, R"({"success":false,"result":null,"errors":)" + before, filler, after + "}");
}

TestAnswer Capture(const std::string& fields) {
  return Success(absl::StrCat(R"({"id":"p1",)", fields, "}"));
}

std::string DistinctKeys() {
  std::string keys;
  for (int i = 0; keys.size() < kMaxJson - (64 << 10); ++i) {
    absl::StrAppend(&keys, "\"", absl::Hex(i), "\":0,");
  }
  return keys;
}

}  // namespace

TestAnswer Filled(int status, const std::string& before, const std::string& filler,
                  const std::string& after) {
  return {.bytes = absl::StrCat("HTTP/1.1 ", status, " Some Words\r\n\r\n", before),
          .filler = filler,
          .filler_bytes = kMaxJson - (32 << 10),
          .after = after,
          .then = kClose};
}

std::vector<Threat> HostileJson() {
  // clang-format off
  return {
      {"ListOfDigits",               kList, Result("[", "0,", "0]"), kNonsense, kMaxJson},
      {"ListOfEmptyLists",           kList, Result("[", "[],", "[]]"), kNonsense, kMaxJson},
      {"ListOfEmptyObjects",         kList, Result("[", "{},", "{}]"), kNonsense, kMaxJson},
      {"ListOfCaptures",             kList, Result("[", R"({"id":"a"},)", R"({"id":"a"}])"), kNonsense, kMaxJson},
      {"ListOfOwnerships",           kListOwnerships, Result("[", R"({"id":"a"},)", R"({"id":"a"}])"), kNonsense, kMaxJson},
      {"ListWhereOneIsExpected",     kGet,  Result("[", "0,", "0]"), kNonsense, kMaxJson},
      {"ListNobodyReads",            kGet,  Result(R"({"id":"p1","x":[)", "0,", "0]}"), kNonsense, kMaxJson},
      {"ObjectOfManyKeys",           kGet,  Result("{", DistinctKeys(), R"("id":"p1"})"), kNonsense, kMaxJson},
      {"ObjectOfOneKeyManyTimes",    kGet,  Result("{", R"("id":"p1",)", R"("id":"p1"})"), kNonsense, kMaxJson},
      {"NestedLists",                kGet,  Result("", "[", ""), kNonsense, kMaxJson},
      {"NestedObjects",              kGet,  Result("", R"({"a":)", ""), kNonsense, kMaxJson},
      {"NestedListsBesideTheResult", kGet,  Filled(200, R"({"success":true,"result":{"id":"p1"},"x":)", "[", "}"), kNonsense, kMaxJson},
      {"LongWord",                   kGet,  Field("status", "\"", "x"), kOk, kMaxJson},
      {"LongWordOfEscapes",          kGet,  Field("status", "\"", "\\u0000"), kOk, kMaxJson},
      {"LongNumber",                 kGet,  Field("time_limit", "1", "9"), kOk, kMaxJson},
      {"LongFraction",               kGet,  Field("time_limit", "1.", "9"), kOk, kMaxJson},
      {"LongId",                     kGet,  Result(R"({"id":")", "p", R"("})"), kNonsense, kMaxJson},
      {"LongTime",                   kGet,  Field("submitted", "\"", "2026-01-01T00:00:00Z"), kOk, kMaxJson},
      {"MessageOfManyUris",          kGet,  Field("error_message", "\"", "a://b?c=d "), kOk, kMaxJson},
      {"MessageOfOneLongUri",        kGet,  Field("error_message", "\"", "a://b?c=d&"), kOk, kMaxJson},
      {"MessageOfManyTokens",        kGet,  Field("error_message", "\"", "bearer "), kOk, kMaxJson},
      {"BucketOfManyParameters",     kGet,  Field("destination_conf", "\"s3://b?", "a&"), kOk, kMaxJson},
      {"BucketOfManyEscapes",        kGet,  Field("destination_conf", "\"s3://b?", "%41=%41&"), kOk, kMaxJson},
      {"ManyErrors",                 kGet,  Errors("[", R"({"code":1},)", R"({"code":1}])"), kNonsense, kMaxJson},
      {"LongError",                  kGet,  Errors(R"([{"code":1,"message":")", "x", "\"}]"), kRejected, kMaxJson},
      {"LongChainOfErrors",          kGet,  Errors(R"([{"code":6003,"error_chain":[)", R"({"code":1},)", R"({"code":6111}]}])"), kNonsense, kMaxJson},
      {"TwoDocuments",               kGet,  Answer(200, kGood + kGood), kNonsense},
      {"ByteOrderMark",              kGet,  Answer(200, "\xef\xbb\xbf" + kGood), kNonsense},
      {"OtherCharacterSet",          kGet,  Answer(200, std::string("{\0\"\0s\0", 6)), kNonsense},
  };
  // clang-format on
}

std::vector<Threat> HostileContents() {
  // clang-format off
  return {
      {"AnotherCapture",             kGet,  Success(R"({"id":"p2"})"), kNonsense},
      {"AnotherCaptureBehindIt",     kGet,  Success(R"({"id":"p1","id":"p2"})"), kNonsense},
      {"IdThatIsAPath",              kList, Success(R"([{"id":"../../x"}])"), kNonsense},
      {"IdOf33Bytes",                kList, Success(R"([{"id":"000000000000000000000000000000000"}])"), kNonsense},
      {"IdThatIsANumber",            kGet,  Success(R"({"id":1})"), kNonsense},
      {"SameCaptureTwice",           kList, Success(R"([{"id":"p1","status":"running"},{"id":"p1","status":"failed"}])"), kOk},
      {"StopOfAnotherCapture",       kStop, Success(R"({"id":"p2"})"), kNonsense},
      {"StopOfTheCapture",           kStop, Success(R"({"id":"p1"})"), kOk},
      {"DeletionOfAnotherOwnership", kDelete, Success(R"({"id":"o2"})"), "OWNERSHIP_OUTCOME_UNKNOWN"},
      {"DeletionOfTheOwnership",     kDelete, Success(R"({"id":"o1"})"), kOk},
      {"ValidationOfAnotherBucket",  kValidate, Success(R"({"id":"o1","destination_conf":"s3://other/dir"})"), "OWNERSHIP_OUTCOME_UNKNOWN"},
      {"ValidationOfTheBucket",      kValidate, Success(R"({"id":"o1","destination_conf":"S3://bucket/dir/?region=y"})"), kOk},
      {"ValidationOfNoBucket",       kValidate, Success(R"({"id":"o1","destination_conf":"?"})"), kOk},
      {"NumbersBeyondTheirRange",    kGet,  Capture(R"("time_limit":1e999,"packet_limit":-1,"byte_limit":18446744073709551616,"filter_v1":{"source_port":65536,"protocol":256})"), kOk},
      {"NumbersBelowNothing",        kGet,  Capture(R"("time_limit":-0.0,"packet_limit":-0,"packets_captured":-1e-999)"), kOk},
      {"NotANumber",                 kGet,  Capture(R"("time_limit":NaN)"), kNonsense},
      {"Infinity",                   kGet,  Capture(R"("time_limit":Infinity)"), kNonsense},
      {"TimesBeyondTime",            kGet,  Capture(R"("submitted":"infinite-future","offset_time":"99999-01-01T00:00:00Z","stop_requested":"-1-01-01T00:00:00Z")"), kOk},
      {"TextOfAnyBytes",             kGet,  Capture("\"status\":\"\xff\xfe\x80\xed\xa0\x80\",\"filter_v1\":{\"source_address\":\"\xff\"}"), kOk},
      {"FullTextOfAnyBytes",         kGet,  Capture("\"type\":\"full\",\"error_message\":\"\xff\xfe\",\"colo_name\":\"\x80\",\"destination_conf\":\"s3://\xff\""), kOk},
      {"OwnershipOfAnyBytes",        kValidate, Success("{\"id\":\"o1\",\"filename\":\"\xff\xfe\",\"status\":\"\x80\"}"), kOk},
      {"ErrorOfAnyBytes",            kGet,  Failure(400, 1, "\xff\xfe\x80"), kRejected},
      {"HalfACharacter",             kGet,  Capture(R"("status":"\ud800")"), kNonsense},
      {"SuccessThatIsAWord",         kGet,  Answer(200, R"({"success":"true","result":{"id":"p1"}})"), kNonsense},
      {"ErrorWithoutASuccess",       kGet,  Answer(200, R"({"errors":[],"result":{"id":"p1"}})"), kNonsense},
  };
  // clang-format on
}

}  // namespace pcaps
