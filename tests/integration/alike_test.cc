// To who may not use it, an account that exists is like one that does not.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/integration/support/door.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

constexpr int kCallsEach = 10'000;
constexpr int kWarmUp = 200;
constexpr double kSignificance = 0.01;
// Alike as they are, one comparison in a hundred looks different.
constexpr int kRounds = 3;

// All that the caller sees, but for the request id.
std::string BytesOf(const Outcome& outcome) {
  std::string bytes = outcome.status.ToString();
  outcome.status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    absl::StrAppend(&bytes, "\n", type, " ", std::string(payload));
  });
  for (const auto& [key, value] : outcome.headers) {
    if (key != "request-id") absl::StrAppend(&bytes, "\n", key, ": ", value);
  }
  return bytes;
}

double Share(size_t part, size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// The probability of samples as different as these from one distribution (Kolmogorov and Smirnov).
double Alike(std::vector<double> a, std::vector<double> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double distance = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double at = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= at) ++i;
    while (j < b.size() && b[j] <= at) ++j;
    distance = std::max(distance, std::abs(Share(i, a.size()) - Share(j, b.size())));
  }
  const double n = std::sqrt(Share(a.size() * b.size(), a.size() + b.size()));
  const double lambda = (n + 0.12 + 0.11 / n) * distance;
  double p = 0;
  for (int k = 1; k <= 100; ++k) {
    p += 2 * (k % 2 == 1 ? 1 : -1) * std::exp(-2 * lambda * lambda * k * k);
  }
  return std::clamp(p, 0.0, 1.0);
}

TEST(Door, AKnownAndAnUnknownAccountAreRefusedAlike) {
  const std::vector<DoorCaller> callers = {{.name = "other", .accounts = {"account-c"}}};
  const Door door(callers);
  World world(door.Settings("token"));
  const std::string known_id = world.emulator.Seed("account-a", 1)[0];
  Caller caller(world.gateway.Connect(door.Tls()));
  const Headers headers = Bearer(callers[0].token());
  // Names of one length: a longer one is a longer request.
  const std::string accounts[2] = {"account-a", "account-x"};
  std::mt19937 random(1);
  double p = 0;
  for (int round = 0; round < kRounds && p <= kSignificance; ++round) {
    std::vector<double> times[2];
    std::string bytes;
    for (int i = -kWarmUp; i < kCallsEach; ++i) {
      const int first = static_cast<int>(random() % 2);
      for (const int which : {first, 1 - first}) {
        v1::GetPcapRequest request = GetRequest(known_id);
        request.set_account_id(accounts[which]);
        const absl::Time begin = absl::Now();
        const auto refused = caller.Call(request, headers);
        const double took = absl::ToDoubleMicroseconds(absl::Now() - begin);
        if (i >= 0) times[which].push_back(took);
        ASSERT_EQ(refused.Reason(), "ACCOUNT_NOT_ALLOWED") << refused.status;
        if (bytes.empty()) bytes = BytesOf(refused);
        ASSERT_EQ(BytesOf(refused), bytes);
      }
    }
    p = Alike(times[0], times[1]);
    std::cout << "alike: " << kCallsEach << " calls each, p = " << p << "\n";
  }
  EXPECT_GT(p, kSignificance);
  EXPECT_EQ(world.emulator.Requests(), 0);
}

}  // namespace
}  // namespace pcaps::integration
