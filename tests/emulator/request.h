// Request: what the routes need to know of an HTTP request.
#pragma once

#include <string>

namespace pcaps::emulator {

struct Request {
  std::string method;
  std::string target;         // Path and query, as sent.
  std::string authorization;  // The header's value; empty where there is none.
  std::string body;
  bool keep_alive = true;
};

}  // namespace pcaps::emulator
