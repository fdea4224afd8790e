// Twenty callers, twenty accounts, everything shared that can be: no answer carries what is another
// account's.
#include <atomic>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/integration/support/door.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/wanted.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

constexpr int kParties = 20;  // Callers, and accounts.
constexpr int kCapturesEach = 6;
constexpr int kThreads = 8;

// 1,000,000 to prove it.
int Calls() { return Wanted("PCAPS_TEST_CALLS", 20'000); }

std::string AccountName(int number) { return absl::StrCat("account-", number); }

// Caller i may use every account whose number has a bit in common with his, and his own.
bool May(int caller, int account) { return caller == account || (caller & account) != 0; }

std::vector<DoorCaller> Callers() {
  std::vector<DoorCaller> callers;
  for (int i = 0; i < kParties; ++i) {
    DoorCaller caller{.name = absl::StrCat("caller-", i)};
    for (int account = 0; account < kParties; ++account) {
      if (May(i, account)) caller.accounts.push_back(AccountName(account));
    }
    callers.push_back(std::move(caller));
  }
  return callers;
}

class Isolation {
 public:
  Isolation(Fleet& fleet, const Door& door) : fleet_(fleet), door_(door) {
    for (int account = 0; account < kParties; ++account) {
      for (int i = 0; i < kCapturesEach; ++i) {
        // Two are done, and can be downloaded.
        const std::string status = i < 2 ? "success" : "pending";
        const std::string id = fleet.Seed(AccountName(account), 1, status)[0];
        owner_[id] = account;
        captures_[account].push_back(id);
        files_[id] = i < 2 ? fleet.emulator.Download(AccountName(account), id) : "";
      }
    }
  }

  void Run(int calls, int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    Caller caller(fleet_.gateway(seed % 2).Connect(door_.Tls()));
    for (int i = 0; i < calls; ++i) OneCall(caller, random);
  }

  int64_t answered() const { return answered_; }
  int64_t refused() const { return refused_; }
  int64_t foreign() const { return foreign_; }

 private:
  void OneCall(Caller& caller, std::mt19937& random) {
    const auto pick = [&](int count) {
      return static_cast<int>(random() % static_cast<unsigned>(count));
    };
    const int who = pick(kParties);
    const int account = pick(kParties);
    // Every fifth asks for what is another account's.
    const int of = pick(5) == 0 ? pick(kParties) : account;
    const std::string id = captures_[of][static_cast<size_t>(pick(kCapturesEach))];
    const Headers headers = Bearer(absl::StrCat("token-of-caller-", who));
    const int kind = pick(100);
    Outcome outcome;
    if (kind < 80) {
      v1::GetPcapRequest request = GetRequest(id);
      request.set_account_id(AccountName(account));
      if (kind < 10) request.mutable_max_age();
      const auto answer = caller.Call(request, headers);
      if (answer.status.ok()) ExpectOwn(account, answer.response);
      outcome = answer;
    } else if (kind < 92) {
      v1::ListPcapsRequest request;
      request.set_account_id(AccountName(account));
      const auto answer = caller.Call(request, headers);
      for (const v1::Pcap& pcap : answer.response.pcaps()) ExpectOwn(account, pcap);
      outcome = answer;
    } else if (kind < 96) {
      outcome = Watch(caller, account, id, headers);
    } else {
      v1::DownloadPcapRequest request = DownloadRequest(id);
      request.set_account_id(AccountName(account));
      const auto download = caller.Call(request, headers);
      if (download.status.ok()) {
        EXPECT_EQ(owner_.at(id), account);
        EXPECT_EQ(FileOf(download), files_.at(id)) << id;
      }
      outcome = download;
    }
    Judge(outcome, who, account, of);
  }

  Outcome Watch(Caller& caller, int account, const std::string& id, const Headers& headers) {
    v1::WatchPcapsRequest request;
    request.set_account_id(AccountName(account));
    request.add_pcap_ids(id);
    auto stream = caller.Open(request, headers);
    v1::WatchEvent event;
    bool any = false;
    while (!event.has_heartbeat() && stream.Read(&event)) {
      any = true;
      if (event.has_pcap()) ExpectOwn(account, event.pcap());
      if (!event.removed_pcap_id().empty()) {
        EXPECT_EQ(event.removed_pcap_id(), id);
      }
    }
    if (any) return {};
    return stream.Finish();
  }

  void ExpectOwn(int account, const v1::Pcap& pcap) {
    const auto owner = owner_.find(pcap.id());
    const bool own = pcap.account_id() == AccountName(account) && owner != owner_.end() &&
                     owner->second == account;
    EXPECT_TRUE(own) << "account-" << account << " was told of " << pcap.ShortDebugString();
    if (!own) ++foreign_;
  }

  void Judge(const Outcome& outcome, int who, int account, int of) {
    const std::string reason = outcome.Reason();
    if (!May(who, account)) {
      EXPECT_EQ(reason, "ACCOUNT_NOT_ALLOWED") << outcome.status;
      ++refused_;
      return;
    }
    if (outcome.status.ok()) ++answered_;
    const bool fair = outcome.status.ok() || reason == "CAPTURE_NOT_READY" ||
                      reason == "OVERLOADED" || (of != account && reason == "CAPTURE_NOT_FOUND");
    EXPECT_TRUE(fair) << outcome.status;
  }

  Fleet& fleet_;
  const Door& door_;
  std::map<std::string, int> owner_;
  std::map<int, std::vector<std::string>> captures_;
  std::map<std::string, std::string> files_;  // Of those that can be downloaded.
  std::atomic<int64_t> answered_ = 0;
  std::atomic<int64_t> refused_ = 0;
  std::atomic<int64_t> foreign_ = 0;
};

TEST(Isolation, NoAnswerCarriesWhatIsAnotherAccounts) {
  const Door door(Callers());
  boost::json::object settings = door.Settings("token");
  settings["log"] = {{"level", "info"}};
  settings["upstream"] = {{"request_timeout", "19s"}};  // The machine may be busy.
  settings["drain"] = {{"timeout", "20s"}};
  settings["watch"] = {{"max_streams", 50000}, {"max_streams_per_account", 5000}};
  Fleet fleet({.replicas = 2, .settings = settings});
  Isolation isolation(fleet, door);
  const int calls = Calls();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { isolation.Run(calls / kThreads, i); });
  }
  for (std::thread& each : threads) each.join();
  std::cout << "isolation: " << calls << " calls, " << isolation.answered() << " answered, "
            << isolation.refused() << " refused at the door, " << isolation.foreign()
            << " with another account's data, " << fleet.Requests().size()
            << " upstream requests\n";
  EXPECT_EQ(isolation.foreign(), 0);
  EXPECT_GT(isolation.answered(), 0);
  EXPECT_GT(isolation.refused(), 0);
}

}  // namespace
}  // namespace pcaps::integration
