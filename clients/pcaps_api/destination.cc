#include "clients/pcaps_api/destination.h"

#include <algorithm>
#include <array>
#include <boost/url/encode.hpp>
#include <boost/url/encoding_opts.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace pcaps {
namespace {

constexpr absl::string_view kRedacted = "REDACTED";
// A message is cut to 1 KiB in the end. Longer ones cost a second of the loop's time for 4 MiB.
constexpr size_t kMaxScrubbedBytes = 8 << 10;
constexpr std::array<absl::string_view, 2> kHarmlessKeys = {"region", "account-id"};
// Shown with their values redacted, so that one sees they were given. Any other key may be part of
// a badly escaped secret.
constexpr std::array<absl::string_view, 2> kSecretKeys = {"access-key-id", "secret-access-key"};
// Shorter values are words like "1" or "auto", which would blot out innocent text.
constexpr size_t kMinKnownSecretBytes = 4;
constexpr absl::string_view kDelimiters = "?&=#";  // Of parameters, their names and values.

template <typename Keys>
bool Contains(const Keys& keys, absl::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool IsPlain(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.'; }

bool IsPlainText(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsPlain);
}

bool IsHarmless(absl::string_view key, absl::string_view value) {
  return Contains(kHarmlessKeys, key) && IsPlainText(value);
}

// However the key is written: percent-encoded, in any case.
bool IsSecretKey(absl::string_view key) {
  const auto encoded = boost::urls::make_pct_string_view({key.data(), key.size()});
  return Contains(kSecretKeys, absl::AsciiStrToLower(encoded.has_value() ? encoded->decode()
                                                                         : std::string(key)));
}

absl::string_view View(boost::core::string_view text) { return {text.data(), text.size()}; }

// Of a URI, percent-encoded.
struct Parameter {
  absl::string_view key;
  absl::string_view value;
};

// Boost 1.81 has a view of them, which reads past the end of "r2://b?#x".
std::vector<Parameter> ParametersOf(const boost::urls::url_view& uri) {
  std::vector<Parameter> parameters;
  if (!uri.has_query()) return parameters;
  for (const absl::string_view text : absl::StrSplit(View(uri.encoded_query()), '&')) {
    const size_t equals = std::min(text.find('='), text.size());
    parameters.push_back({text.substr(0, equals), text.substr(std::min(equals + 1, text.size()))});
  }
  return parameters;
}

std::string RedactParameter(absl::string_view key, absl::string_view value) {
  if (IsHarmless(key, value)) return absl::StrCat(key, "=", value);
  if (Contains(kHarmlessKeys, key) || IsSecretKey(key)) {
    return absl::StrCat(key, "=", kRedacted);
  }
  return std::string(kRedacted);
}

// What can be told of a URI that does not parse.
std::string SchemeAndBucket(absl::string_view uri) {
  const size_t colon = uri.find("://");
  if (colon == absl::string_view::npos || !IsPlainText(uri.substr(0, colon))) {
    return std::string(kRedacted);
  }
  const absl::string_view rest = uri.substr(colon + 3);
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::string scheme = absl::StrCat(uri.substr(0, colon), "://");
  // With an '@' anywhere, what looks like the bucket may be the tail of a password.
  if (!IsPlainText(authority) || absl::StrContains(uri, "@")) return scheme;
  return absl::StrCat(scheme, authority);
}

// `text` with what follows each `marker` (in any case), up to one of `ends`, redacted.
std::string RedactAfter(absl::string_view text, absl::string_view marker, absl::string_view ends) {
  const std::string lower = absl::AsciiStrToLower(text);
  std::string out;
  size_t from = 0;
  for (size_t at = lower.find(std::string(marker)); at != std::string::npos;
       at = lower.find(std::string(marker), from)) {
    const size_t value = at + marker.size();
    absl::StrAppend(&out, text.substr(from, value - from), kRedacted);
    from = std::min(text.find_first_of(ends, value), text.size());
  }
  absl::StrAppend(&out, text.substr(from));
  return out;
}

// Scheme and bucket, in lower case; empty where there is no bucket.
std::string BucketOf(absl::string_view uri) {
  const std::string shown = absl::AsciiStrToLower(RedactDestination(uri));
  const size_t colon = shown.find("://");
  if (colon == std::string::npos) return "";
  const size_t end = std::min(shown.find_first_of("/?#", colon + 3), shown.size());
  return end == colon + 3 ? "" : shown.substr(0, end);
}

// What is looked at of a text: it is cut further before it is shown, but not in the middle of a
// word, half of which nobody would know for a secret.
absl::string_view Head(absl::string_view text) {
  if (text.size() <= kMaxScrubbedBytes) return text;
  text = text.substr(0, kMaxScrubbedBytes);
  return text.substr(0, text.find_last_of(" \t\r\n") + 1);
}

constexpr absl::string_view kUriEnds = " \t\r\n\"'<>`,;)]}";

std::string RedactUris(absl::string_view text) {
  std::string out;
  while (true) {
    const size_t colon = text.find("://");
    if (colon == absl::string_view::npos) break;
    size_t begin = colon;
    while (begin > 0 && absl::ascii_isalnum(text[begin - 1])) --begin;
    const size_t end = std::min(text.find_first_of(kUriEnds, colon), text.size());
    absl::StrAppend(&out, text.substr(0, begin),
                    RedactDestination(text.substr(begin, end - begin)));
    text.remove_prefix(end);
  }
  absl::StrAppend(&out, text);
  return out;
}

}  // namespace

std::string RedactDestination(absl::string_view uri) {
  if (uri.empty()) return "";
  if (uri.size() > kMaxScrubbedBytes) return SchemeAndBucket(uri);
  const auto parsed = boost::urls::parse_uri({uri.data(), uri.size()});
  if (!parsed.has_value() || !parsed->has_authority()) return SchemeAndBucket(uri);
  std::string out = absl::StrCat(View(parsed->scheme()), "://", View(parsed->encoded_host()),
                                 View(parsed->encoded_path()));
  std::vector<std::string> parameters;
  for (const Parameter& parameter : ParametersOf(*parsed)) {
    parameters.push_back(RedactParameter(parameter.key, parameter.value));
  }
  if (!parameters.empty()) absl::StrAppend(&out, "?", absl::StrJoin(parameters, "&"));
  return out;
}

std::string WithoutKeys(absl::string_view uri) {
  const size_t query = std::min(uri.find('?'), uri.size());
  const size_t end = std::min(uri.find('#', query), uri.size());
  if (query == uri.size()) return std::string(uri);
  std::vector<absl::string_view> parameters =
      absl::StrSplit(uri.substr(query + 1, end - query - 1), '&');
  std::erase_if(parameters, [](absl::string_view parameter) {
    return IsSecretKey(parameter.substr(0, parameter.find('=')));
  });
  return absl::StrCat(uri.substr(0, query), parameters.empty() ? "" : "?",
                      absl::StrJoin(parameters, "&"), uri.substr(end));
}

bool MayBeSameBucket(absl::string_view uri, absl::string_view other) {
  const std::string bucket = BucketOf(uri);
  const std::string other_bucket = BucketOf(other);
  return bucket.empty() || other_bucket.empty() || bucket == other_bucket;
}

std::vector<std::string> SecretsOf(absl::string_view uri) {
  std::vector<std::string> secrets;
  const boost::urls::encoding_opts lower_case(/*space_as_plus_=*/false, /*lower_case_=*/true);
  const auto add = [&](boost::urls::pct_string_view encoded) {
    if (encoded.size() < kMinKnownSecretBytes) return;
    // In every form an upstream may repeat it: as given, plain, encoded anew with "%2F" or "%2f",
    // and as JSON may write it.
    const std::string plain = encoded.decode();
    for (const std::string& form :
         {std::string(encoded.data(), encoded.size()), plain,
          boost::urls::encode(plain, boost::urls::unreserved_chars),
          boost::urls::encode(plain, boost::urls::unreserved_chars, lower_case)}) {
      secrets.push_back(form);
      secrets.push_back(absl::StrReplaceAll(form, {{"/", "\\/"}}));
    }
    // With a '?' written for a '&' one parameter holds others.
    for (const absl::string_view piece :
         absl::StrSplit(View(encoded), absl::ByAnyChar(kDelimiters))) {
      if (piece.size() < encoded.size() && !IsSecretKey(piece)) secrets.emplace_back(piece);
    }
  };
  const auto parsed = boost::urls::parse_uri({uri.data(), uri.size()});
  if (!parsed.has_value()) return absl::StrSplit(uri, absl::ByAnyChar(kDelimiters));
  for (const Parameter& parameter : ParametersOf(*parsed)) {
    if (IsHarmless(parameter.key, parameter.value)) continue;
    const auto value =
        boost::urls::make_pct_string_view({parameter.value.data(), parameter.value.size()});
    if (value.has_value()) add(*value);  // It has: the URI was parsed.
  }
  add(parsed->encoded_userinfo());
  add(parsed->encoded_password());
  add(parsed->encoded_fragment());
  return secrets;
}

std::string ScrubSecrets(absl::string_view text, const std::vector<std::string>& known) {
  // In one pass, which prefers the longer of two: a secret may begin with another.
  std::vector<std::pair<absl::string_view, absl::string_view>> replacements;
  for (const std::string& secret : known) {
    if (secret.size() >= kMinKnownSecretBytes) replacements.emplace_back(secret, kRedacted);
  }
  std::string out = RedactUris(absl::StrReplaceAll(Head(text), replacements));
  for (const absl::string_view key : kSecretKeys) {
    out = RedactAfter(out, absl::StrCat(key, "="), " \t\r\n\"'<>&,;");
  }
  return RedactAfter(out, "bearer ", " \t\r\n\"'<>,;");
}

}  // namespace pcaps
