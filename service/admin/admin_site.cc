#include "service/admin/admin_site.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/run_to_end.h"

namespace pcaps {
namespace {

// How often one page is made at once. While a loop hangs, all who ask it stay behind until it goes
// on: a probe a second for a day would be 86,400.
constexpr int kMaxUnderWay = 16;

// "/path?query", or the URL that a proxy is asked for.
std::optional<AdminRequest> ParseTarget(const std::string& target) {
  const auto url = absl::StartsWith(target, "/") ? boost::urls::parse_origin_form(target)
                                                 : boost::urls::parse_absolute_uri(target);
  if (!url.has_value()) return std::nullopt;
  AdminRequest request;
  request.path = std::string(url->path());
  request.query = std::string(url->encoded_query());
  if (request.path.empty()) request.path = "/";
  return request;
}

}  // namespace

struct AdminSite::Page {
  std::function<Task<AdminPage>(AdminRequest)> make;
  int under_way = 0;
};

AdminSite::AdminSite(AdminPages pages, absl::Duration patience) : patience_(patience) {
  for (auto& [path, make] : pages) {
    pages_[path] = std::make_shared<Page>(Page{.make = std::move(make)});
  }
}

Task<AdminPage> AdminSite::Answer(std::string method, std::string target) {
  if (method != "GET" && method != "HEAD") {
    co_return AdminLine(405, "there is nothing here but pages to GET");
  }
  std::optional<AdminRequest> request = ParseTarget(target);
  if (!request.has_value()) co_return AdminLine(400, "the target is no path");
  if (request->path == "/") co_return Index();
  const auto found = pages_.find(request->path);
  if (found == pages_.end()) co_return NotFound();
  std::shared_ptr<Page> page = found->second;
  co_return co_await Await(std::move(page), *std::move(request));
}

Task<AdminPage> AdminSite::Make(std::shared_ptr<Page> page, AdminRequest request) {
  ++page->under_way;
  AdminPage made = co_await page->make(std::move(request));
  --page->under_way;
  co_return made;
}

Task<AdminPage> AdminSite::Await(std::shared_ptr<Page> page, AdminRequest request) {
  if (page->under_way >= kMaxUnderWay) {
    co_return AdminLine(503, absl::StrCat(kMaxUnderWay, " others wait for this page already"));
  }
  Task<AdminPage> making = Make(std::move(page), std::move(request));
  const absl::Time deadline = clock_.Now() + patience_;
  std::optional<AdminPage> made = co_await RunToEnd(std::move(making), clock_, deadline);
  if (made.has_value()) co_return *std::move(made);
  co_return AdminLine(
      503, absl::StrCat("the page did not come within ", absl::ToDoubleSeconds(patience_), " s"));
}

AdminPage AdminSite::Index() const {
  AdminPage index;
  index.content_type = "text/html; charset=utf-8";
  index.body = "<!DOCTYPE html>\n<title>pcaps-gateway</title>\n";
  for (const auto& [path, unused] : pages_) {
    absl::StrAppend(&index.body, "<p><a href=\"", path, "\">", path, "</a></p>\n");
  }
  return index;
}

AdminPage AdminSite::NotFound() const {
  AdminPage page = AdminLine(404, "there is no such page; there are:");
  for (const auto& [path, unused] : pages_) absl::StrAppend(&page.body, path, "\n");
  return page;
}

AdminPage AdminLine(int status, absl::string_view line) {
  AdminPage page;
  page.status = status;
  page.body = absl::StrCat(line, "\n");
  return page;
}

}  // namespace pcaps
