#include "clients/gateway/pcapctl/filter_tokens.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pcaps::pcapctl {
namespace {

constexpr absl::string_view kParentheses = "()";
constexpr absl::string_view kOperators = "!&|<>=[]+*%^";
constexpr absl::string_view kDoubled[] = {"&&", "||", "!=", "<=", ">=", "==", "<<", ">>"};
constexpr size_t kMaxShownBytes = 40;  // Of a refused word: the place tells the rest.

bool IsSpace(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }
bool IsOneOf(absl::string_view set, char c) { return set.find(c) != absl::string_view::npos; }
bool IsWord(char c) { return !IsSpace(c) && !IsOneOf(kParentheses, c) && !IsOneOf(kOperators, c); }

// Of the token that begins the text.
size_t LengthOf(absl::string_view text) {
  if (!IsWord(text[0])) {
    const bool doubled = std::find(std::begin(kDoubled), std::end(kDoubled), text.substr(0, 2)) !=
                         std::end(kDoubled);
    return doubled ? 2 : 1;
  }
  return std::find_if_not(text.begin(), text.end(), IsWord) - text.begin();
}

absl::Status CheckCharacters(absl::string_view expression) {
  if (expression.size() > kMaxFilterBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the expression has ", expression.size(),
                                                   " characters; at most ", kMaxFilterBytes,
                                                   " make sense"));
  }
  for (size_t i = 0; i < expression.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(expression[i]);
    if (absl::ascii_isprint(c) || absl::ascii_isspace(c)) continue;
    return absl::InvalidArgumentError(absl::StrCat("character ", i + 1, " (byte 0x",
                                                   absl::Hex(c, absl::kZeroPad2),
                                                   ") is not printable ASCII"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<FilterToken>> TokensOf(absl::string_view expression) {
  const absl::Status checked = CheckCharacters(expression);
  if (!checked.ok()) return checked;
  std::vector<FilterToken> tokens;
  size_t at = 0;
  while (true) {
    while (at < expression.size() && IsSpace(expression[at])) ++at;
    if (at == expression.size()) break;
    const size_t length = LengthOf(expression.substr(at));
    tokens.push_back({expression.substr(at, length), at + 1});
    at += length;
  }
  tokens.push_back({"", expression.size() + 1});
  return tokens;
}

absl::Status Refused(const FilterToken& token, absl::string_view why) {
  if (token.text.empty()) return absl::InvalidArgumentError(absl::StrCat("at the end: ", why));
  const bool cut = token.text.size() > kMaxShownBytes;
  return absl::InvalidArgumentError(absl::StrCat("'", token.text.substr(0, kMaxShownBytes),
                                                 cut ? "..." : "", "' (character ", token.character,
                                                 "): ", why));
}

}  // namespace pcaps::pcapctl
