// AdminPage: what the admin port shows, and how it is asked for.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "clients/base/task.h"

namespace pcaps {

struct AdminRequest {
  std::string path;   // Without escapes.
  std::string query;  // As it came, without the '?'.
};

struct AdminPage {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// The pages by path. Each is made on the admin port's loop, and may ask other loops (RunOn). What
// is given up lives until it ends by itself, so it must own what it uses, or that must outlive the
// loop.
using AdminPages = std::map<std::string, std::function<Task<AdminPage>(AdminRequest)>>;

}  // namespace pcaps
