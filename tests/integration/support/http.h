// One HTTP request of a test, on a connection of its own.
#pragma once

#include <map>
#include <string>

namespace pcaps::integration {

struct HttpCall {
  std::string url;
  std::string method = "GET";
  std::string body = "";           // Of another method than GET.
  std::string authorization = "";  // The whole header; empty: none.
  std::string ca_file = "";
};

struct HttpAnswer {
  long status = 0;                             // 0: there was none.
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

// Fails the test where there is no whole answer.
HttpAnswer Http(const HttpCall& call);

}  // namespace pcaps::integration
