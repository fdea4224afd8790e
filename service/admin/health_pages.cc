#include "service/admin/health_pages.h"

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

std::string Describe(const LoopHealth::Hanging& loop) {
  return absl::StrCat("the ", loop.name, " loop has not answered for ",
                      absl::ToInt64Seconds(loop.silent_for), " s");
}

// `trouble`: empty where the part is well.
void AddPart(AdminPage& page, const char* part, const std::string& trouble) {
  if (trouble.empty()) {
    absl::StrAppend(&page.body, "ok ", part, "\n");
  } else {
    absl::StrAppend(&page.body, "NO ", part, ": ", trouble, "\n");
    page.status = 503;
  }
}

std::string WhyNotServing(GatewayPhase phase) {
  switch (phase) {
    case GatewayPhase::kStarting:
      return "starting";
    case GatewayPhase::kServing:
      return "";
    case GatewayPhase::kDraining:
      break;
  }
  return "draining";
}

}  // namespace

AdminPage HealthPage(const std::vector<LoopHealth::Hanging>& hanging) {
  AdminPage page;
  page.body = "ok\n";
  if (hanging.empty()) return page;
  page.status = 503;
  page.body.clear();
  for (const LoopHealth::Hanging& loop : hanging) absl::StrAppend(&page.body, Describe(loop), "\n");
  return page;
}

AdminPage ReadyPage(const Readiness& readiness) {
  AdminPage page;
  AddPart(page, "config", "");  // Without a sound one the process ends.
  AddPart(page, "loops", readiness.hanging.empty() ? "" : Describe(readiness.hanging.front()));
  AddPart(page, "serving", WhyNotServing(readiness.phase));
  for (const std::string& note : readiness.notes) absl::StrAppend(&page.body, "-- ", note, "\n");
  return page;
}

}  // namespace pcaps
