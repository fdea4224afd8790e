#include "service/hash_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace pcaps {
namespace {

using testing::HasSubstr;

struct Hashed {
  int exit_code;
  std::string out;
  std::string err;
};

Hashed Hash(const std::string& text) {
  std::istringstream in(text);
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = HashToken(in, out, err);
  return {exit_code, out.str(), err.str()};
}

TEST(HashToken, PrintsTheIdentityOfTheTokenWhateverTheLineEnd) {
  // printf %s abc | sha256sum
  const std::string abc =
      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
  for (const char* text : {"abc", "abc\n", "abc\r\n", " abc"}) {
    EXPECT_EQ(Hash(text).exit_code, 0);
    EXPECT_EQ(Hash(text).out, abc);
    EXPECT_THAT(Hash(text).err, HasSubstr("warning"));
  }
  EXPECT_EQ(Hash(std::string(32, 'x')).err, "");
}

TEST(HashToken, RefusesWhatIsNoTokenAndDoesNotRepeatIt) {
  for (const std::string& text : {std::string(), std::string("\n"), std::string("two words"),
                                  std::string("one\ntwo\n"), std::string(9000, 'x')}) {
    const Hashed hashed = Hash(text);
    EXPECT_EQ(hashed.exit_code, 2);
    EXPECT_EQ(hashed.out, "");
    EXPECT_THAT(hashed.err, HasSubstr("standard input"));
    EXPECT_EQ(hashed.err.find("two words"), std::string::npos);
  }
}

}  // namespace
}  // namespace pcaps
