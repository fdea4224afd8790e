// Readers that take nothing more of a stream, and stay.
#include "tests/integration/support/raw_http2.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

constexpr char kWatchMethod[] = "/pcaps.v1.PcapsService/WatchPcap";
constexpr char kRequestId[] = "the-reader";
constexpr uint32_t kTiny = 1;  // No message fits, and its first byte shows that it is on its way.

boost::json::object Impatient() { return {{"download", {{"reader_stall_timeout", "500ms"}}}}; }

// Reads to the end of the stream; returns the bytes of its messages.
std::string ReadToEnd(RawHttp2& reader) {
  std::string data;
  while (const std::optional<RawHttp2::Frame> frame = reader.Read()) {
    if (frame->type == Http2Frame::kData) data += frame->payload;
    if (frame->EndsStream()) return data;
  }
  ADD_FAILURE() << "the stream does not end";
  return data;
}

// What fits into a tiny window.
std::string ReadFirstByte(RawHttp2& reader) {
  std::optional<RawHttp2::Frame> frame = reader.Read();
  while (frame.has_value() && frame->type != Http2Frame::kData) frame = reader.Read();
  return frame.has_value() ? frame->payload : "";
}

void ExpectRpc(const World& world, const char* code, int messages_sent) {
  const boost::json::object line = world.gateway.WaitForRpc(kRequestId);
  ASSERT_FALSE(line.empty());
  EXPECT_EQ(line.at("code"), code);
  EXPECT_EQ(line.at("messages_sent"), messages_sent);
}

TEST(StalledReader, OfACaptureThatGoesOnIsCutOff) {
  World world(Impatient());
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  RawHttp2 reader(world.gateway.address(), kTiny);
  reader.Call(kWatchMethod, WatchRequest(pcap.id()), {{"request-id", kRequestId}});
  EXPECT_EQ(ReadToEnd(reader).size(), kTiny);
  ExpectRpc(world, "CANCELLED", 0);
}

TEST(StalledReader, OfTheLastEventIsCutOffAndNotCountedAsHavingHadIt) {
  World world(Impatient());
  const v1::Pcap pcap = world.CreateDone();
  RawHttp2 reader(world.gateway.address(), kTiny);
  reader.Call(kWatchMethod, WatchRequest(pcap.id()), {{"request-id", kRequestId}});
  EXPECT_EQ(ReadToEnd(reader).size(), kTiny);
  ExpectRpc(world, "CANCELLED", 0);
}

TEST(StalledReader, OfTheLastEventMayLeave) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  RawHttp2 reader(world.gateway.address(), kTiny);
  const uint32_t stream =
      reader.Call(kWatchMethod, WatchRequest(pcap.id()), {{"request-id", kRequestId}});
  EXPECT_EQ(ReadFirstByte(reader).size(), kTiny);
  reader.Reset(stream);
  ExpectRpc(world, "CANCELLED", 0);
}

TEST(StalledReader, OfTheLastEventThatGoesOnInTimeHasIt) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  RawHttp2 reader(world.gateway.address(), kTiny);
  const uint32_t stream =
      reader.Call(kWatchMethod, WatchRequest(pcap.id()), {{"request-id", kRequestId}});
  const std::string begin = ReadFirstByte(reader);
  reader.Widen(stream, 1 << 16);
  v1::WatchEvent event;
  const std::string message = begin + ReadToEnd(reader);
  ASSERT_GT(message.size(), 5u);
  EXPECT_TRUE(event.ParseFromString(message.substr(5)));
  EXPECT_TRUE(event.pcap().done());
  ExpectRpc(world, "OK", 1);
}

}  // namespace
}  // namespace pcaps::integration
