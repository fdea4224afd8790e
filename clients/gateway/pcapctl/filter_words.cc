#include "clients/gateway/pcapctl/filter_words.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/gateway/pcapctl/filter_fields.h"
#include "clients/gateway/pcapctl/filter_tokens.h"
#include "clients/gateway/pcapctl/filter_values.h"
#include "clients/gateway/pcapctl/filter_vocabulary.h"
#include "clients/gateway/pcapctl/ip_protocol.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kSayWhatItIs[] = "say what it is: 'src', 'dst', 'src port', 'dst port' or 'proto'";

bool IsDirection(absl::string_view word) { return word == "src" || word == "dst"; }
bool IsAnd(absl::string_view word) { return word == "and" || word == "&&"; }

std::optional<IpFamily> FamilyWord(absl::string_view word) {
  if (word == "ip") return IpFamily::kIpv4;
  if (word == "ip6") return IpFamily::kIpv6;
  return std::nullopt;
}

// The IP version that a protocol's word implies, as it does for tcpdump.
std::optional<IpFamily> FamilyOfProtocolWord(absl::string_view word) {
  if (word == "icmp" || word == "igmp") return IpFamily::kIpv4;
  if (word == "icmp6" || word == "icmpv6") return IpFamily::kIpv6;
  return std::nullopt;
}

// Reads the tokens once, from the first to the last. All the grammar there is is a conjunction, so
// parentheses are counted and nothing recurses.
class Parser {
 public:
  explicit Parser(std::vector<FilterToken> tokens) : tokens_(std::move(tokens)) {}

  absl::StatusOr<v1::Filter> Parse();

 private:
  enum class Kind { kAddress, kPort, kProtocol };
  // The words that say what a value is.
  struct Qualifiers {
    Kind kind = Kind::kAddress;
    bool source = false;
    bool destination = false;
  };

  const FilterToken& Peek(size_t ahead = 0) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  FilterToken Take() { return tokens_[std::min(next_++, tokens_.size() - 1)]; }
  void TakeOpenParentheses();
  absl::Status TakeClosingParentheses();

  // One condition: from its first word to its value.
  absl::Status Condition();
  absl::Status AfterProtocolWord(const FilterToken& protocol);
  absl::Status BareProtocol(const FilterToken& protocol);
  absl::Status EndAndValue(const FilterToken* protocol);
  absl::Status Ends(Qualifiers& qualifiers);
  static absl::string_view NameOf(Kind kind);
  static absl::Status PortWithoutItsWord(const FilterToken& token, const Qualifiers& qualifiers);
  absl::Status CheckProtocolBefore(const FilterToken& protocol, Kind kind);
  // A value, of the kind that the qualifiers say, which are the most recent ones from now on.
  absl::Status Value(const Qualifiers& qualifiers);
  absl::Status SetAddress(const FilterToken& token, const Qualifiers& qualifiers);
  absl::Status SetPort(const FilterToken& token, const Qualifiers& qualifiers);
  absl::Status SetProtocol(const FilterToken& token);
  // What stands where a condition or a value was expected.
  absl::Status Unexpected(const FilterToken& token, absl::string_view expected) const;

  const std::vector<FilterToken> tokens_;
  size_t next_ = 0;
  std::vector<FilterToken> open_;         // Parentheses.
  std::optional<Qualifiers> qualifiers_;  // The most recent ones.
  FilterFields fields_;
};

absl::StatusOr<v1::Filter> Parser::Parse() {
  if (Peek().text.empty()) return v1::Filter();
  while (true) {
    TakeOpenParentheses();
    absl::Status status = Condition();
    if (status.ok()) status = TakeClosingParentheses();
    if (!status.ok()) return status;
    const FilterToken joint = Take();
    if (joint.text.empty()) break;
    if (!IsAnd(joint.text)) return Unexpected(joint, "'and' before it");
  }
  if (!open_.empty()) return Refused(open_.back(), "is not closed");
  return fields_.Finish();
}

void Parser::TakeOpenParentheses() {
  while (Peek().text == "(") open_.push_back(Take());
}

absl::Status Parser::TakeClosingParentheses() {
  while (Peek().text == ")") {
    const FilterToken closing = Take();
    if (open_.empty()) return Refused(closing, "closes nothing");
    open_.pop_back();
  }
  return absl::OkStatus();
}

absl::Status Parser::Unexpected(const FilterToken& token, absl::string_view expected) const {
  const absl::string_view why = WhyInexpressible(token.text);
  if (!why.empty()) return Refused(token, why);
  const std::string lower = absl::AsciiStrToLower(token.text);
  if (lower != token.text && IsKeyword(lower)) {
    return Refused(token, absl::StrCat("write '", lower, "', in lower case as tcpdump has it"));
  }
  return Refused(token, absl::StrCat("expected ", expected));
}

absl::Status Parser::Condition() {
  const FilterToken token = Peek();
  if (FamilyWord(token.text).has_value() || ProtocolNumber(token.text).has_value()) {
    Take();
    return AfterProtocolWord(token);
  }
  if (IsDirection(token.text)) return EndAndValue(nullptr);
  if (token.text == "proto") {
    Take();
    return Value({.kind = Kind::kProtocol});
  }
  const std::string lower = absl::AsciiStrToLower(token.text);
  const bool value = !token.text.empty() && !IsKeyword(lower);
  if (value && qualifiers_.has_value()) return Value(*qualifiers_);
  if (value) return Refused(token, kSayWhatItIs);
  return Unexpected(token, "a condition, such as 'src 192.0.2.1' or 'tcp dst port 443'");
}

absl::Status Parser::AfterProtocolWord(const FilterToken& protocol) {
  if (IsDirection(Peek().text)) return EndAndValue(&protocol);
  if (Peek().text != "proto") return BareProtocol(protocol);
  const std::optional<IpFamily> family = FamilyWord(protocol.text);
  if (!family.has_value()) return Refused(Take(), "goes after 'ip' or 'ip6', or stands alone");
  Take();
  const absl::Status wanted = fields_.WantFamily(protocol, *family);
  if (!wanted.ok()) return wanted;
  return Value({.kind = Kind::kProtocol});
}

absl::Status Parser::BareProtocol(const FilterToken& protocol) {
  qualifiers_.reset();  // A value after it has nothing to say what it is.
  if (const auto family = FamilyWord(protocol.text); family.has_value()) {
    return fields_.WantFamily(protocol, *family);
  }
  if (const auto family = FamilyOfProtocolWord(protocol.text); family.has_value()) {
    const absl::Status implied = fields_.ImplyFamily(protocol, *family);
    if (!implied.ok()) return implied;
  }
  const absl::StatusOr<uint32_t> number = ProtocolOf(protocol);
  return number.ok() ? fields_.SetProtocol(protocol, *number) : number.status();
}

// [protocol] src|dst [host|port] value. `protocol` is null where the condition begins with the end.
absl::Status Parser::EndAndValue(const FilterToken* protocol) {
  Qualifiers qualifiers;
  const absl::Status ends = Ends(qualifiers);
  if (!ends.ok()) return ends;
  if (Peek().text == "port") qualifiers.kind = Kind::kPort;
  if (Peek().text == "port" || Peek().text == "host") Take();
  const bool lacks_word = qualifiers.kind == Kind::kAddress && PortOf(Peek()).ok();
  if (protocol != nullptr && !lacks_word) {
    absl::Status checked = CheckProtocolBefore(*protocol, qualifiers.kind);
    if (checked.ok()) checked = BareProtocol(*protocol);
    if (!checked.ok()) return checked;
  }
  return Value(qualifiers);
}

// "src", "dst", "src and dst".
absl::Status Parser::Ends(Qualifiers& qualifiers) {
  const FilterToken first = Take();
  const bool other = IsDirection(Peek(1).text) && Peek(1).text != first.text;
  if (other && (Peek().text == "or" || Peek().text == "||")) return Unexpected(Take(), "");
  const bool both = other && IsAnd(Peek().text);
  if (both) next_ += 2;
  qualifiers.source = both || first.text == "src";
  qualifiers.destination = both || first.text == "dst";
  return absl::OkStatus();
}

absl::Status Parser::CheckProtocolBefore(const FilterToken& protocol, Kind kind) {
  const bool family = FamilyWord(protocol.text).has_value();
  if (kind == Kind::kAddress && !family) {
    return Refused(protocol, absl::StrCat("goes before ports; before an address write '",
                                          protocol.text, " and ...'"));
  }
  if (kind == Kind::kPort && family) {
    return Refused(protocol, "has no ports of its own; say tcp or udp, or leave it out");
  }
  return absl::OkStatus();
}

absl::Status Parser::PortWithoutItsWord(const FilterToken& token, const Qualifiers& qualifiers) {
  const bool both = qualifiers.source && qualifiers.destination;
  const absl::string_view ends = both ? "src and dst" : qualifiers.source ? "src" : "dst";
  return Refused(token, absl::StrCat("a port needs '", ends, " port ", token.text, "'"));
}

absl::string_view Parser::NameOf(Kind kind) {
  if (kind == Kind::kAddress) return "an address";
  return kind == Kind::kPort ? "a port" : "a protocol";
}

absl::Status Parser::Value(const Qualifiers& qualifiers) {
  qualifiers_ = qualifiers;
  TakeOpenParentheses();
  const Kind kind = qualifiers.kind;
  const FilterToken token = Take();
  const bool escaped = kind == Kind::kProtocol;  // Only there a keyword may be a value.
  if (token.text.empty() || (IsKeyword(absl::AsciiStrToLower(token.text)) && !escaped)) {
    return Unexpected(token, NameOf(kind));
  }
  if (kind == Kind::kAddress) return SetAddress(token, qualifiers);
  if (kind == Kind::kPort) return SetPort(token, qualifiers);
  return SetProtocol(token);
}

absl::Status Parser::SetAddress(const FilterToken& token, const Qualifiers& qualifiers) {
  if (PortOf(token).ok()) return PortWithoutItsWord(token, qualifiers);
  const absl::StatusOr<FilterAddress> address = AddressOf(token);
  absl::Status set = address.status();
  if (qualifiers.source && set.ok()) {
    set = fields_.SetSourceAddress(token, address->text, address->family);
  }
  if (qualifiers.destination && set.ok()) {
    set = fields_.SetDestinationAddress(token, address->text, address->family);
  }
  return set;
}

absl::Status Parser::SetPort(const FilterToken& token, const Qualifiers& qualifiers) {
  const absl::StatusOr<uint32_t> port = PortOf(token);
  absl::Status set = port.status();
  if (qualifiers.source && set.ok()) set = fields_.SetSourcePort(token, *port);
  if (qualifiers.destination && set.ok()) set = fields_.SetDestinationPort(token, *port);
  return set;
}

absl::Status Parser::SetProtocol(const FilterToken& token) {
  const absl::StatusOr<uint32_t> protocol = ProtocolOf(token);
  return protocol.ok() ? fields_.SetProtocol(token, *protocol) : protocol.status();
}

}  // namespace

absl::StatusOr<v1::Filter> FilterFromWords(absl::string_view expression) {
  absl::StatusOr<std::vector<FilterToken>> tokens = TokensOf(expression);
  if (!tokens.ok()) return tokens.status();
  return Parser(*std::move(tokens)).Parse();
}

}  // namespace pcaps::pcapctl
