#include "service/gateway/download_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/sha256.h"
#include "tests/unit/support/pcap_bytes.h"

namespace pcaps {
namespace {

constexpr int64_t kFileBytes = 100 << 10;
// Room for three such files.
constexpr int64_t kRoom = 3 * kFileBytes + (50 << 10);

CaptureFile File(char content, int64_t bytes = kFileBytes) {
  CaptureFile file;
  file.bytes = std::string(bytes, content);
  return file;
}
CaptureKey Key(const std::string& id, const std::string& account = "acct") { return {account, id}; }

TEST(DownloadCache, WhatIsKeptIsFoundByItsAccountAndId) {
  DownloadCache cache(kRoom);
  const HeldFile kept = cache.Keep(Key("a"), File('a'));
  EXPECT_EQ(cache.Find(Key("a")), kept) << "one copy for all";
  EXPECT_EQ(cache.Find(Key("b")), nullptr);
  EXPECT_EQ(cache.Find(Key("a", "other")), nullptr);
  cache.Keep(Key("a", "other"), File('o'));
  EXPECT_EQ(cache.Find(Key("a"))->bytes[0], 'a');
  EXPECT_EQ(cache.Find(Key("a", "other"))->bytes[0], 'o');
}

TEST(DownloadCache, RoomIsMadeByDroppingWhatWasAskedForLongestAgo) {
  DownloadCache cache(kRoom);
  for (const char* id : {"a", "b", "c"}) cache.Keep(Key(id), File('x'));
  EXPECT_NE(cache.Find(Key("a")), nullptr);
  cache.Keep(Key("d"), File('x'));
  EXPECT_EQ(cache.Find(Key("b")), nullptr);
  for (const char* id : {"a", "c", "d"}) EXPECT_NE(cache.Find(Key(id)), nullptr) << id;
  cache.Keep(Key("large"), File('x', 3 * kFileBytes));
  for (const char* id : {"a", "c", "d"}) EXPECT_EQ(cache.Find(Key(id)), nullptr) << id;
}

TEST(DownloadCache, AFileBeingReadIsNotDroppedAndStillCounts) {
  DownloadCache cache(kRoom);
  const HeldFile read = cache.Keep(Key("a"), File('a'));
  for (const char* id : {"b", "c", "d"}) cache.Keep(Key(id), File('x'));
  EXPECT_EQ(cache.Find(Key("a")), read);
  EXPECT_EQ(cache.Find(Key("b")), nullptr);
  const HeldFile too_large = cache.Keep(Key("e"), File('e', 3 * kFileBytes));
  EXPECT_EQ(cache.Find(Key("e")), nullptr) << "beside the one being read there is no room";
  EXPECT_EQ(too_large->bytes[0], 'e') << "its reader has it all the same";
}

TEST(DownloadCache, OnlyAFileThatIsKeptGivesItsSlotBack) {
  DownloadCache cache(kRoom);
  Slots slots(1);
  CaptureFile file = File('a');
  file.slot = slots.Take();
  const HeldFile kept = cache.Keep(Key("a"), std::move(file));
  CaptureFile large = File('b', 2 * kRoom);
  large.slot = slots.Take();
  ASSERT_NE(large.slot, nullptr);
  HeldFile not_kept = cache.Keep(Key("b"), std::move(large));
  EXPECT_EQ(slots.Take(), nullptr);
  not_kept.reset();
  EXPECT_NE(slots.Take(), nullptr);
}

TEST(DownloadCache, ANewFileReplacesTheOldOne) {
  DownloadCache cache(kRoom);
  for (int i = 0; i < 10; ++i) cache.Keep(Key("a"), File('x'));
  cache.Keep(Key("b"), File('x'));
  cache.Keep(Key("a"), File('y'));
  EXPECT_EQ(cache.Find(Key("a"))->bytes[0], 'y');
  EXPECT_NE(cache.Find(Key("b")), nullptr);
}

TEST(DownloadCache, ManyTinyFilesAreBoundedToo) {
  DownloadCache cache(kRoom);
  constexpr int kFiles = 1000;
  int held = 0;
  for (int i = 0; i < kFiles; ++i) cache.Keep(Key(absl::StrCat(i)), File('x', 1));
  for (int i = 0; i < kFiles; ++i) held += cache.Find(Key(absl::StrCat(i))) != nullptr ? 1 : 0;
  EXPECT_GT(held, 100);
  EXPECT_LT(held, 500);
}

TEST(DownloadCache, OfNoSizeItKeepsNothing) {
  DownloadCache cache(0);
  EXPECT_EQ(cache.Keep(Key("a"), File('a'))->bytes[0], 'a');
  EXPECT_EQ(cache.Find(Key("a")), nullptr);
}

TEST(DownloadCache, ServesSeveralLanesAtOnce) {
  DownloadCache cache(kRoom);
  std::vector<std::thread> lanes;
  for (int lane = 0; lane < 4; ++lane) {
    lanes.emplace_back([&cache, lane] {
      for (int i = 0; i < 500; ++i) {
        const CaptureKey key = Key(absl::StrCat((i + lane) % 5));
        HeldFile file = cache.Find(key);
        if (file == nullptr) file = cache.Keep(key, File(key.pcap_id[0], kFileBytes));
        EXPECT_EQ(file->bytes.back(), key.pcap_id[0]);
      }
    });
  }
  for (std::thread& lane : lanes) lane.join();
}

TEST(CaptureFile, IsProvedOnceForAllItsReaders) {
  PcapFile file;
  file.head = MakePcap(7, 33);
  const std::string bytes = file.head;
  const absl::StatusOr<CaptureFile> capture = ProveCapture(std::move(file));
  ASSERT_TRUE(capture.ok());
  EXPECT_EQ(capture->bytes, bytes);
  EXPECT_EQ(capture->sha256, Sha256::Of(bytes));
  EXPECT_EQ(capture->packets, 7u);
}

}  // namespace
}  // namespace pcaps
