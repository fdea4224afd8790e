// The life of captures: created, watched, listed, stopped, downloaded; plain and over TLS.

#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

// The statuses a watcher saw, and the last state.
struct Watched {
  absl::Status status;
  std::vector<v1::Pcap> states;
};

Watched WatchToEnd(Caller& caller, const std::string& pcap_id) {
  const Streamed<v1::WatchEvent> stream = caller.Call(WatchRequest(pcap_id));
  Watched watched{.status = stream.status};
  for (const v1::WatchEvent& event : stream.messages) {
    if (event.has_pcap()) watched.states.push_back(event.pcap());
  }
  return watched;
}

void ExpectSimpleCaptureWorks(World& world) {
  v1::CreatePcapRequest request = SimpleRequest(100);
  request.mutable_filter()->set_protocol(6);
  request.mutable_filter()->set_destination_port(443);
  const Answer<v1::Pcap> created = world.caller.Call(request);
  ASSERT_TRUE(created.status.ok()) << created.status;
  EXPECT_EQ(created.response.type(), v1::Pcap::TYPE_SIMPLE);
  EXPECT_EQ(created.response.account_id(), kAccount);
  EXPECT_FALSE(created.response.done());

  const Watched watched = WatchToEnd(world.caller, created.response.id());
  ASSERT_TRUE(watched.status.ok()) << watched.status;
  ASSERT_FALSE(watched.states.empty());
  EXPECT_EQ(watched.states.back().status(), v1::Pcap::STATUS_SUCCESS);
  EXPECT_TRUE(watched.states.back().done());

  const auto download = world.caller.Call(DownloadRequest(created.response.id()));
  const std::string file = FileOf(download);
  EXPECT_TRUE(file == world.emulator.Download(kAccount, created.response.id()));
  EXPECT_EQ(download.messages.front().info().size(), static_cast<int64_t>(file.size()));
  EXPECT_EQ(download.messages.front().info().content_type(), "application/vnd.tcpdump.pcap");
  EXPECT_EQ(download.messages.back().summary().packets(), 100u);
}

TEST(Captures, SimpleOneIsCreatedWatchedToItsEndAndDownloadedAsTheUpstreamHasIt) {
  World world;
  ExpectSimpleCaptureWorks(world);
}

TEST(Captures, SimpleOneWorksOverTlsWithTheUpstreamsAuthority) {
  const Certificate certificate;
  World world({}, {.certificate = &certificate});
  ExpectSimpleCaptureWorks(world);
}

TEST(Captures, UpstreamWithACertificateOfNobodyWeTrustIsUnavailable) {
  const Certificate certificate;
  const Certificate trusted;
  World world({{"upstream", {{"ca_file", trusted.file()}}}}, {.certificate = &certificate});
  const auto got = world.caller.Call(GetRequest("some-capture"));
  ExpectError(got, absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(world.emulator.Requests(), 0);
}

TEST(Captures, FullOneIsCreatedWatchedWhileItRunsAndStopped) {
  World world;
  v1::CreatePcapRequest request = FullRequest();
  request.mutable_full()->set_byte_limit(1'000'000);
  const Answer<v1::Pcap> created = world.caller.Call(request);
  ASSERT_TRUE(created.status.ok()) << created.status;
  EXPECT_EQ(created.response.type(), v1::Pcap::TYPE_FULL);
  EXPECT_EQ(created.response.full().colo_name(), "ord02");
  EXPECT_EQ(created.response.full().byte_limit(), 1'000'000u);

  auto watch = world.caller.Open(WatchRequest(created.response.id()));
  v1::WatchEvent event;
  while (event.pcap().status() != v1::Pcap::STATUS_RUNNING) ASSERT_TRUE(watch.Read(&event));
  const auto stopped = world.caller.Call(Text<v1::StopPcapRequest>(
      "account_id: 'account-1' pcap_id: '" + created.response.id() + "'"));
  EXPECT_TRUE(stopped.status.ok()) << stopped.status;
  for (v1::WatchEvent next; watch.Read(&next);) {
    if (next.has_pcap()) event = next;
  }
  EXPECT_TRUE(watch.Finish().status.ok());
  EXPECT_TRUE(event.pcap().done());
  EXPECT_TRUE(event.pcap().full().has_stop_request_time());
}

TEST(Captures, StoppingADoneFullOneIsOk) {
  World world;
  const v1::Pcap full = world.CreateFull();
  world.PinStatus(full, "success");
  const auto stopped = world.caller.Call(
      Text<v1::StopPcapRequest>("account_id: 'account-1' pcap_id: '" + full.id() + "'"));
  EXPECT_TRUE(stopped.status.ok()) << stopped.status;
}

TEST(Captures, GetShowsWhatWasAskedFor) {
  World world;
  const auto request = Text<v1::CreatePcapRequest>(R"(
      account_id: "account-1" time_limit { seconds: 17 }
      filter { source_address: "192.0.2.1" destination_address: "2001:db8::1" source_port: 0
               destination_port: 65535 protocol: 17 }
      simple { packet_limit: 10000 })");
  const auto created = world.caller.Call(request);
  ASSERT_TRUE(created.status.ok()) << created.status;
  const auto got = world.caller.Call(GetRequest(created.response.id()));
  ASSERT_TRUE(got.status.ok()) << got.status;
  EXPECT_EQ(got.response.id(), created.response.id());
  EXPECT_EQ(got.response.filter().ShortDebugString(), request.filter().ShortDebugString());
  EXPECT_EQ(got.response.time_limit().seconds(), 17);
  EXPECT_EQ(got.response.system(), v1::Pcap::SYSTEM_MAGIC_TRANSIT);
  EXPECT_TRUE(got.response.has_submit_time());
  EXPECT_TRUE(got.response.has_observed_time());
}

TEST(Captures, ListShowsAllOfThemNewestFirstPageByPage) {
  World world;
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) newest_first.insert(newest_first.begin(), world.CreateSimple().id());
  v1::ListPcapsRequest request;
  request.set_account_id(kAccount);
  request.set_page_size(2);
  std::vector<std::string> listed;
  std::vector<int> page_sizes;
  do {
    const auto page = world.caller.Call(request);
    ASSERT_TRUE(page.status.ok()) << page.status;
    page_sizes.push_back(page.response.pcaps_size());
    for (const v1::Pcap& pcap : page.response.pcaps()) listed.push_back(pcap.id());
    request.set_page_token(page.response.next_page_token());
  } while (!request.page_token().empty() && page_sizes.size() < 10);
  EXPECT_EQ(page_sizes, (std::vector<int>{2, 2, 1}));
  EXPECT_EQ(listed, newest_first);
}

TEST(Captures, AccountWithoutAnyListsNone) {
  World world;
  const auto page = world.caller.Call(Text<v1::ListPcapsRequest>("account_id: 'nobody'"));
  EXPECT_TRUE(page.status.ok()) << page.status;
  EXPECT_EQ(page.response.pcaps_size(), 0);
  EXPECT_EQ(page.response.next_page_token(), "");
}

}  // namespace
}  // namespace pcaps::integration
