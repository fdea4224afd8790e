// Control endpoints for tests, below /__emulator/. No token, not counted, limited or faulted.
//
// clang-format off
//   GET    stats                                                  requests by endpoint, status and account;
//                                                                 captures_created; connections
//   GET    requests?since_ms=..                                   one a line: see request_log.h, text/plain
//   POST   reset                                                  forgets faults, statistics, captures, ownerships,
//                                                                 limits used; new ids go on
//   GET    faults | POST faults | DELETE faults                   see faults.h
//   POST   rules       {"enabled","status","simple_interval_s","retry_after"}
//                                                                 each optional, like those of the next
//   POST   rate_limit  {"enabled","requests","window_s","block_s"}
//   POST   token       {"token"}                                  accepts this one alone from now on; "": any
//   POST   clock       {"date_offset_s"}                          how far the Date header is ahead; negative: behind
//   POST   files       {"account","pcap_id","bytes","chunked"}    makes this capture's download a valid pcap of about
//                                                                 so many bytes, generated on the fly: the same for
//                                                                 the same id
//   POST   seed        {"account","count","status","pcap_id"}     makes so many simple captures, which no rule counts;
//                                                                 their ids, one a line, text/plain. pcap_id: one with
//                                                                 this id
//   POST   captures    {"account","pcap_id","status"}             shows this status for ever; "": time's own again;
//                                                                 without pcap_id: all captures of the account
//   DELETE captures?account=..&id=..                              forgets it, as when its retention ends
//   GET    challenge?account=..&id=..                             contents of the challenge file, text/plain
// clang-format on
//
// Errors are the API's envelopes; settings that were changed are answered as {"success":true,...}.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/emulator/answer.h"
#include "tests/emulator/request.h"
#include "tests/emulator/state.h"

namespace pcaps::emulator {

bool IsControl(absl::string_view target);
Answer HandleControl(State& state, const Request& request, absl::Time now);

}  // namespace pcaps::emulator
