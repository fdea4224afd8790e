// What each fault of the emulator comes to for the callers of each kind of endpoint.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pcaps::integration {

// What a caller gets.
struct Verdict {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;
};

// Of a fault that strikes once, and of one that stays.
struct Verdicts {
  Verdict once;
  Verdict stays;
};

// Endpoints are of one kind where they answer alike and are repeated alike.
enum class EndpointKind {
  kItem,       // A read that answers one thing.
  kList,       // A read that answers a list.
  kPost,       // A write that is sent once.
  kLookedFor,  // The same, and looked for in a list where its answer is lost.
  kEmpty,      // A write that may be repeated and answers nothing.
  kDelete,     // The same, but what is gone is not found the second time.
  kFile,       // A download.
};

struct FaultRow {
  std::string fault;
  boost::json::object once;   // Parameters that make it mild enough to be survived,
  boost::json::object stays;  // and those of the one that stays.
  Verdicts item;
  Verdicts list;
  Verdicts post;
  Verdicts looked_for;
  Verdicts empty;
  Verdicts deleted;
  Verdicts file;

  const Verdicts& Of(EndpointKind kind) const;
};

const std::vector<FaultRow>& FaultTable();
// Null where the table has no such row.
const FaultRow* FindFaultRow(const std::string& fault);

}  // namespace pcaps::integration
