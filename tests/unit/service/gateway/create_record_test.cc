#include "service/gateway/create_record.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

using state::v1::CreateRecord;

std::string Record(CreateRecord::State state, const std::string& pcap_id) {
  CreateRecord record;
  record.set_state(state);
  record.set_pcap_id(pcap_id);
  return record.SerializeAsString();
}

TEST(ParseCreate, TakesWhatCanBeARecordOnly) {
  EXPECT_TRUE(ParseCreate(Record(CreateRecord::STATE_SENT, "")).has_value());
  EXPECT_TRUE(ParseCreate(Record(CreateRecord::STATE_DONE, "p1")).has_value());
  EXPECT_FALSE(ParseCreate(Record(CreateRecord::STATE_DONE, "")).has_value());
  EXPECT_FALSE(ParseCreate(Record(CreateRecord::STATE_DONE, "../x")).has_value());
  EXPECT_FALSE(ParseCreate(Record(CreateRecord::STATE_UNSPECIFIED, "p1")).has_value());
  EXPECT_FALSE(ParseCreate("junk").has_value());
}

}  // namespace
}  // namespace pcaps
