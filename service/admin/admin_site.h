// AdminSite: finds the page that a request asks for, and has it made. On one loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "service/admin/admin_page.h"

namespace pcaps {

class AdminSite {
 public:
  // A page that takes longer than `patience` is not waited for: its loop hangs.
  AdminSite(AdminPages pages, absl::Duration patience);

  // 200, or what the page itself says; 400, 404 and 405 with a line that helps; 503 for a page that
  // does not come. "/" lists the pages.
  Task<AdminPage> Answer(std::string method, std::string target);

 private:
  struct Page;

  static Task<AdminPage> Make(std::shared_ptr<Page> page, AdminRequest request);
  Task<AdminPage> Await(std::shared_ptr<Page> page, AdminRequest request);
  AdminPage Index() const;
  AdminPage NotFound() const;

  const absl::Duration patience_;
  SystemClock clock_;
  std::map<std::string, std::shared_ptr<Page>> pages_;
};

// A page of one line.
AdminPage AdminLine(int status, absl::string_view line);

}  // namespace pcaps
