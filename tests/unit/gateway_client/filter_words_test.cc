#include "clients/gateway/pcapctl/filter_words.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "clients/gateway/pcapctl/filter_tokens.h"

namespace pcaps {
namespace {

using google::protobuf::util::MessageDifferencer;
using pcapctl::FilterFromWords;
using testing::HasSubstr;

struct Golden {
  const char* expression;
  const char* expected;  // The filter in protobuf's text format, or the exact error.
};

// clang-format off
constexpr Golden kFilters[] = {
    {"", ""},
    {"  \t\n ", ""},
    {"src 192.0.2.1", "source_address: '192.0.2.1'"},
    {"dst 192.0.2.1", "destination_address: '192.0.2.1'"},
    {"src host 192.0.2.1", "source_address: '192.0.2.1'"},
    {"dst host 2001:db8::1", "destination_address: '2001:db8::1'"},
    {"src 2001:DB8:0:0::1", "source_address: '2001:db8::1'"},
    {"src and dst 192.0.2.1", "source_address: '192.0.2.1' destination_address: '192.0.2.1'"},
    {"dst && src host 192.0.2.1", "source_address: '192.0.2.1' destination_address: '192.0.2.1'"},
    {"src port 0", "source_port: 0"},
    {"dst port 65535", "destination_port: 65535"},
    {"dst port https", "destination_port: 443"},
    {"src and dst port 500", "source_port: 500 destination_port: 500"},
    {"tcp", "protocol: 6"},
    {"udp", "protocol: 17"},
    {"icmp", "protocol: 1"},
    {"icmp6", "protocol: 58"},
    {"icmpv6", "protocol: 58"},
    {"sctp", "protocol: 132"},
    {"esp", "protocol: 50"},
    {"ah", "protocol: 51"},
    {"gre", "protocol: 47"},
    {"proto 47", "protocol: 47"},
    {"proto 0", "protocol: 0"},
    {"proto gre", "protocol: 47"},
    {"proto tcp", "protocol: 6"},
    {"proto \\tcp", "protocol: 6"},
    {"ip proto \\udp and dst 192.0.2.1", "protocol: 17 destination_address: '192.0.2.1'"},
    {"tcp dst port 443", "protocol: 6 destination_port: 443"},
    {"udp src port domain", "protocol: 17 source_port: 53"},
    {"sctp dst port 2905", "protocol: 132 destination_port: 2905"},
    {"ip src 192.0.2.1", "source_address: '192.0.2.1'"},
    {"ip6 dst host 2001:db8::1", "destination_address: '2001:db8::1'"},
    {"ip and icmp", "protocol: 1"},
    {"icmp6 and ip6", "protocol: 58"},
    {"src 192.0.2.1 and tcp dst port 443", "source_address: '192.0.2.1' protocol: 6 destination_port: 443"},
    {"src 192.0.2.1 && dst 198.51.100.7", "source_address: '192.0.2.1' destination_address: '198.51.100.7'"},
    {"src 192.0.2.1&&dst 198.51.100.7", "source_address: '192.0.2.1' destination_address: '198.51.100.7'"},
    {"(src 192.0.2.1) and (tcp and (dst port 443))", "source_address: '192.0.2.1' protocol: 6 destination_port: 443"},
    {"((((tcp))))", "protocol: 6"},
    {"(tcp)and(dst port 80)", "protocol: 6 destination_port: 80"},
    {"src port (53)", "source_port: 53"},
    {"src (192.0.2.1 and 192.0.2.1)", "source_address: '192.0.2.1'"},
    {"src port 53 and 53 and udp", "source_port: 53 protocol: 17"},
    {"tcp and tcp dst port 443 and dst port https", "protocol: 6 destination_port: 443"},
    {"dst port 80 and proto 6", "destination_port: 80 protocol: 6"},
    {"src 192.0.2.1 and src port 1024 and dst 198.51.100.7 and dst port 22 and tcp",
     "source_address: '192.0.2.1' source_port: 1024 destination_address: '198.51.100.7' destination_port: 22 protocol: 6"},
};

constexpr char kNoAlternatives[] = "a capture has one filter and no alternatives; take one capture for each";
constexpr char kNoNegation[] = "the API cannot leave packets out; capture more and filter the file with tcpdump -r";
constexpr char kNoBytes[] = "the API cannot compare bytes or sizes of packets; filter the file with tcpdump -r";
constexpr char kNoComparison[] = "a value stands right after its words, as in 'src 192.0.2.1' or 'dst port 443'";
constexpr char kNoNetworks[] = "the API takes single addresses, no networks";
constexpr char kNoRanges[] = "the API takes single ports; take one capture for each";
constexpr char kEitherHost[] = "means either end, and the API takes one; say 'src host' or 'dst host'";
constexpr char kEitherPort[] = "means either end, and the API takes one; say 'src port' or 'dst port'";
constexpr char kNoLinkLayer[] = "the API sees IP packets, nothing below them";
constexpr char kNoCasts[] = "the API cannot filter by kinds of addresses; name one with src or dst";
constexpr char kNoFamily[] = "the API cannot filter by IP version; only an address says it";
constexpr char kName[] = "is a name, and no names are looked up here; give the address";
constexpr char kWhatIsIt[] = "say what it is: 'src', 'dst', 'src port', 'dst port' or 'proto'";
constexpr char kCondition[] = "expected a condition, such as 'src 192.0.2.1' or 'tcp dst port 443'";

struct GoldenError {
  const char* expression;
  const char* where;
  const char* why;
};

constexpr GoldenError kErrors[] = {
    // What the API has no words for.
    {"tcp or udp", "'or' (character 5)", kNoAlternatives},
    {"tcp || udp", "'||' (character 5)", kNoAlternatives},
    {"src or dst 192.0.2.1", "'or' (character 5)", kNoAlternatives},
    {"src port 53 or 54", "'or' (character 13)", kNoAlternatives},
    {"not tcp", "'not' (character 1)", kNoNegation},
    {"! tcp", "'!' (character 1)", kNoNegation},
    {"tcp and not src port 22", "'not' (character 9)", kNoNegation},
    {"host 192.0.2.1", "'host' (character 1)", kEitherHost},
    {"ip host 192.0.2.1", "'host' (character 4)", kEitherHost},
    {"port 80", "'port' (character 1)", kEitherPort},
    {"tcp port 80", "'port' (character 5)", kEitherPort},
    {"net 192.0.2.0/24", "'net' (character 1)", kNoNetworks},
    {"src net 192.0.2.0/24", "'net' (character 5)", kNoNetworks},
    {"src 192.0.2.0/24", "'192.0.2.0/24' (character 5)", kNoNetworks},
    {"dst portrange 80-90", "'portrange' (character 5)", kNoRanges},
    {"dst port 80-90", "'80-90' (character 10)", kNoRanges},
    {"less 64", "'less' (character 1)", kNoBytes},
    {"greater 64", "'greater' (character 1)", kNoBytes},
    {"len > 100", "'len' (character 1)", kNoBytes},
    {"tcp[13] & 2 != 0", "'[' (character 4)", kNoBytes},
    {"tcp[tcpflags] & tcp-syn != 0", "'[' (character 4)", kNoBytes},
    {"tcp > 1", "'>' (character 5)", kNoBytes},
    {"tcp = 1", "'=' (character 5)", kNoComparison},
    {"src=192.0.2.1", "'=' (character 4)", kNoComparison},
    {"dst port == 443", "'==' (character 10)", kNoComparison},
    {"src port 53 != 7", "'!=' (character 13)", kNoNegation},
    {"tcp | udp", "'|' (character 5)", kNoAlternatives},
    {"vlan 7", "'vlan' (character 1)", kNoLinkLayer},
    {"ether src 02:00:00:00:00:01", "'ether' (character 1)", kNoLinkLayer},
    {"arp", "'arp' (character 1)", kNoLinkLayer},
    {"ip multicast", "'multicast' (character 4)", kNoCasts},
    {"ip6 protochain 6", "'protochain' (character 5)", "the API cannot filter by this"},
    {"ip", "'ip' (character 1)", kNoFamily},
    {"ip6 and tcp", "'ip6' (character 1)", kNoFamily},
    {"ip proto 6", "'ip' (character 1)", kNoFamily},
    // What no packet matches.
    {"src 192.0.2.1 and src 192.0.2.2", "'192.0.2.2' (character 23)", "the source address is 192.0.2.1 already (character 5), and no packet has two"},
    {"src port 53 and 54", "'54' (character 17)", "the source port is 53 already (character 10), and no packet has two"},
    {"tcp and udp", "'udp' (character 9)", "the protocol is 6 already (character 1), and no packet has two"},
    {"tcp dst port 80 and proto 17", "'17' (character 27)", "the protocol is 6 already (character 1), and no packet has two"},
    {"icmp and dst port 80", "'80' (character 19)", "icmp (character 1) has no ports"},
    {"icmp dst port 80", "'80' (character 15)", "icmp (character 1) has no ports"},
    {"src port 80 and proto 200", "'80' (character 10)", "protocol 200 (character 23) has no ports"},
    {"src 192.0.2.1 and dst 2001:db8::1", "'2001:db8::1' (character 23)", "is IPv6, and '192.0.2.1' (character 5) is IPv4"},
    {"icmp and src 2001:db8::1", "'2001:db8::1' (character 14)", "is IPv6, and 'icmp' (character 1) is IPv4"},
    {"ip6 src 192.0.2.1", "'ip6' (character 1)", "'192.0.2.1' (character 9) is IPv4"},
    {"ip and ip6 and src 192.0.2.1", "'ip6' (character 8)", "no packet is both IPv4 and IPv6"},
    // What is not an address, a port, a protocol.
    {"src example.org", "'example.org' (character 5)", kName},
    {"src localhost", "'localhost' (character 5)", kName},
    {"src 192.0.2", "'192.0.2' (character 5)", "is not a whole IPv4 address; the API takes no networks"},
    {"src 2001:db8:::1", "'2001:db8:::1' (character 5)", "is not an IPv6 address"},
    {"src fe80::1%eth0", "'%' (character 12)", "the API takes addresses without a zone"},
    {"dst port 65536", "'65536' (character 10)", "is not a port: 0 to 65535, in decimal"},
    {"dst port 99999999999999999999", "'99999999999999999999' (character 10)", "is not a port: 0 to 65535, in decimal"},
    {"dst port 053", "'053' (character 10)", "is not a port: 0 to 65535, in decimal"},
    {"dst port 0x50", "'0x50' (character 10)", "is no port number, and no service known here (https, domain, ssh, ...)"},
    {"dst port -1", "'-1' (character 10)", "is no port number, and no service known here (https, domain, ssh, ...)"},
    {"dst port frobnicate", "'frobnicate' (character 10)", "is no port number, and no service known here (https, domain, ssh, ...)"},
    {"dst port HTTPS", "'HTTPS' (character 10)", "write 'https', in lower case"},
    {"proto 256", "'256' (character 7)", "is no protocol: 0 to 255, or a name like tcp"},
    {"proto frobnicate", "'frobnicate' (character 7)", "is no protocol: 0 to 255, or a name like tcp"},
    // What is not a sentence.
    {"SRC 192.0.2.1", "'SRC' (character 1)", "write 'src', in lower case as tcpdump has it"},
    {"tcp AND udp", "'AND' (character 5)", "write 'and', in lower case as tcpdump has it"},
    {"192.0.2.1", "'192.0.2.1' (character 1)", kWhatIsIt},
    {"tcp and 192.0.2.1", "'192.0.2.1' (character 9)", kWhatIsIt},
    {"src 192.0.2.1 and tcp and 192.0.2.1", "'192.0.2.1' (character 27)", kWhatIsIt},
    {"src 192.0.2.1 dst 192.0.2.2", "'dst' (character 15)", "expected 'and' before it"},
    {"tcp udp", "'udp' (character 5)", "expected 'and' before it"},
    {"src tcp port 80", "'tcp' (character 5)", "expected an address"},
    {"src and src 192.0.2.1", "'and' (character 5)", "expected an address"},
    {"tcp src 192.0.2.1", "'tcp' (character 1)", "goes before ports; before an address write 'tcp and ...'"},
    {"ip src port 80", "'ip' (character 1)", "has no ports of its own; say tcp or udp, or leave it out"},
    {"tcp proto 6", "'proto' (character 5)", "goes after 'ip' or 'ip6', or stands alone"},
    {"and tcp", "'and' (character 1)", kCondition},
    {"tcp and", "at the end", kCondition},
    {"src", "at the end", "expected an address"},
    {"dst port", "at the end", "expected a port"},
    {"proto", "at the end", "expected a protocol"},
    {"(tcp", "'(' (character 1)", "is not closed"},
    {"((tcp)", "'(' (character 1)", "is not closed"},
    {"tcp)", "')' (character 4)", "closes nothing"},
    {"()", "')' (character 2)", kCondition},
    {"src port (tcp)", "'tcp' (character 11)", "expected a port"},
    {"tcp & udp", "'&' (character 5)", "write 'and', or '&&'"},
    {"tcp dst 443", "'443' (character 9)", "a port needs 'dst port 443'"},
    {"src 80", "'80' (character 5)", "a port needs 'src port 80'"},
    {"dst https", "'https' (character 5)", "a port needs 'dst port https'"},
    {"src and dst 53", "'53' (character 13)", "a port needs 'src and dst port 53'"},
    {"src 192.0.2.1 and 80", "'80' (character 19)", "a port needs 'src port 80'"},
};
// clang-format on

TEST(FilterWords, SayWhatTheApiCanExpress) {
  for (const Golden& golden : kFilters) {
    v1::Filter expected;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(golden.expected, &expected));
    const auto filter = FilterFromWords(golden.expression);
    ASSERT_TRUE(filter.ok()) << golden.expression << ": " << filter.status();
    EXPECT_TRUE(MessageDifferencer::Equals(*filter, expected))
        << golden.expression << ": " << filter->ShortDebugString();
  }
}

TEST(FilterWords, ThatCannotBeExpressedAreRefusedByNameAndPlace) {
  for (const GoldenError& golden : kErrors) {
    const auto filter = FilterFromWords(golden.expression);
    ASSERT_FALSE(filter.ok()) << golden.expression << ": " << filter->ShortDebugString();
    EXPECT_EQ(filter.status(),
              absl::InvalidArgumentError(std::string(golden.where) + ": " + golden.why))
        << golden.expression;
  }
}

std::string ErrorOf(const std::string& expression) {
  return std::string(FilterFromWords(expression).status().message());
}

TEST(FilterWords, AreBoundedInLengthAndSoInDepth) {
  EXPECT_THAT(ErrorOf(std::string(10'000, 'a')), HasSubstr("has 10000 characters; at most 1024"));
  const size_t depth = (pcapctl::kMaxFilterBytes - 3) / 2;
  const std::string deep = std::string(depth, '(') + "tcp" + std::string(depth, ')');
  EXPECT_TRUE(FilterFromWords(deep).ok()) << ErrorOf(deep);
  EXPECT_THAT(ErrorOf(deep.substr(0, deep.size() - 1)), HasSubstr("'(' (character 1): is not"));
  EXPECT_THAT(ErrorOf(std::string(pcapctl::kMaxFilterBytes, '(')), HasSubstr("at the end"));
}

TEST(FilterWords, OfBytesThatAreNotTextAreRefusedWithoutShowingThem) {
  EXPECT_EQ(ErrorOf(std::string("tcp\0udp", 7)), "character 4 (byte 0x00) is not printable ASCII");
  EXPECT_EQ(ErrorOf("src \x1b[2J"), "character 5 (byte 0x1b) is not printable ASCII");
  EXPECT_EQ(ErrorOf("tcp \xc3\xbc"), "character 5 (byte 0xc3) is not printable ASCII");
}

TEST(FilterWords, ThatAreLongAreCutInTheError) {
  EXPECT_EQ(ErrorOf("tcp " + std::string(500, 'x')),
            "'" + std::string(40, 'x') + "...' (character 5): expected 'and' before it");
}

}  // namespace
}  // namespace pcaps
