#include "clients/pcaps_api/credentials.h"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

namespace pcaps {
namespace {

TEST(Credentials, CredentialThatNamesTheAccountWinsOverTheOneForAll) {
  const Credentials credentials({{"all", Token("t1"), {"*"}}, {"one", Token("t2"), {"a1", "a2"}}});
  EXPECT_EQ(credentials.Find("a2")->name, "one");
  EXPECT_EQ(credentials.Find("a3")->token.Reveal(), "t1");
}

TEST(Credentials, FirstOfTwoThatFitIsTaken) {
  const Credentials credentials({{"first", Token("t1"), {"a1"}}, {"second", Token("t2"), {"a1"}}});
  EXPECT_EQ(credentials.Find("a1")->name, "first");
}

TEST(Credentials, AccountThatNobodyNamesHasNone) {
  const Credentials credentials({{"one", Token("t"), {"a1"}}});
  EXPECT_EQ(credentials.Find("a2"), nullptr);
  EXPECT_EQ(credentials.Find(""), nullptr);
  EXPECT_EQ(credentials.Find("*"), nullptr);
}

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

TEST(Token, IsNeitherPrintableNorAString) {
  EXPECT_FALSE(Printable<Token>);
  EXPECT_FALSE((std::is_convertible_v<Token, std::string>));
}

}  // namespace
}  // namespace pcaps
