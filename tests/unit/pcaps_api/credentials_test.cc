#include "clients/pcaps_api/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <thread>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

using testing::UnorderedElementsAre;

TEST(Credentials, CredentialThatNamesTheAccountWinsOverTheOneForAll) {
  const Credentials credentials({{"all", Token("t1"), {"*"}}, {"one", Token("t2"), {"a1", "a2"}}});
  EXPECT_EQ(credentials.Find("a2")->credential.name, "one");
  EXPECT_EQ(credentials.Find("a3")->credential.token.Reveal(), "t1");
}

TEST(Credentials, FirstOfTwoThatFitIsTaken) {
  const Credentials credentials({{"first", Token("t1"), {"a1"}}, {"second", Token("t2"), {"a1"}}});
  EXPECT_EQ(credentials.Find("a1")->credential.name, "first");
}

TEST(Credentials, AccountThatNobodyNamesHasNone) {
  const Credentials credentials({{"one", Token("t"), {"a1"}}});
  EXPECT_EQ(credentials.Find("a2"), nullptr);
  EXPECT_EQ(credentials.Find(""), nullptr);
  EXPECT_EQ(credentials.Find("*"), nullptr);
}

TEST(Credentials, WhatIsReplacedIsNamedAndTheRestIsNot) {
  const Credential same{"same", Token("t"), {"a1"}};
  Credentials credentials({same,
                           {"token", Token("t1"), {"a2"}},
                           {"accounts", Token("t"), {"a3"}},
                           {"gone", Token("t"), {"*"}}});
  EXPECT_THAT(credentials.Replace({same,
                                   {"token", Token("t2"), {"a2"}},
                                   {"accounts", Token("t"), {"a4"}},
                                   {"new", Token("t"), {"a5"}}}),
              UnorderedElementsAre("token", "accounts", "new", "gone"));
  EXPECT_EQ(credentials.Find("a2")->credential.token.Reveal(), "t2");
  EXPECT_EQ(credentials.Find("a4")->credential.name, "accounts");
  EXPECT_EQ(credentials.Find("a3"), nullptr);
}

TEST(Credentials, WhoeverHasOneKeepsItWhenItIsReplaced) {
  Credentials credentials({{"one", Token("t1"), {"a1"}}});
  const auto held = credentials.Find("a1");
  credentials.Replace({});
  EXPECT_EQ(held->credential.token.Reveal(), "t1");
  EXPECT_EQ(credentials.Find("a1"), nullptr);
}

TEST(Credentials, AreFoundWhileTheyAreReplaced) {
  Credentials credentials({{"one", Token("t0"), {"a1"}}});
  std::atomic<bool> over = false;
  std::thread reader([&] {
    while (!over) EXPECT_EQ(credentials.Find("a1")->credential.name, "one");
  });
  for (int i = 1; i <= 1000; ++i) {
    credentials.Replace({{"one", Token(absl::StrCat("t", i)), {"a1"}}});
  }
  over = true;
  reader.join();
  EXPECT_EQ(credentials.Find("a1")->credential.token.Reveal(), "t1000");
}

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

TEST(Token, IsNeitherPrintableNorAString) {
  EXPECT_FALSE(Printable<Token>);
  EXPECT_FALSE((std::is_convertible_v<Token, std::string>));
}

}  // namespace
}  // namespace pcaps
