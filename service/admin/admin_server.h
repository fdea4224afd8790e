// AdminServer: the admin port, HTTP/1.1 with keep-alive. Whatever its peers do, it holds bounded
// memory and descriptors and goes on answering.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/base/task.h"
#include "service/admin/admin_connection.h"
#include "service/admin/admin_page.h"

namespace pcaps {

struct AdminOptions {
  // At once; a scraper and a probe keep one each. Above it the one that has waited longest for its
  // peer is closed, so that connections which only stand there lock nobody out.
  size_t max_connections = 100;
  AdminTimes times;
  absl::Duration page_timeout = absl::Seconds(5);  // Less than a scraper waits (10 s).
};

class AdminServer {
 public:
  // `loop` outlives it; once the loop has ended, nothing calls the pages.
  AdminServer(Loop loop, AdminPages pages, const AdminOptions& options = {});
  ~AdminServer() { Stop(); }
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Serves on `listen` (see ListenOn) from now on. Returns "host:port" with the port in use;
  // UNAVAILABLE says to change admin_listen. Once. Blocks while a name is looked up.
  absl::StatusOr<std::string> Start(const std::string& listen);

  // Has the loop close the port and every connection. Any thread; twice is nothing.
  void Stop();

  // Connections closed because there were too many. Any thread.
  int64_t closed_over_limit() const;

 private:
  struct Serving;  // What is on the loop, owned by all that run there.

  static Task<void> Accept(std::shared_ptr<Serving> serving, size_t acceptor);
  static Task<void> Serve(std::shared_ptr<Serving> serving,
                          std::shared_ptr<AdminConnection> connection);
  static void Take(const std::shared_ptr<Serving>& serving, boost::asio::ip::tcp::socket socket);

  std::shared_ptr<Serving> serving_;
};

}  // namespace pcaps
