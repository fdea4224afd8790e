// CurlLoop: libcurl's multi interface driven by an Asio loop.
#pragma once

#include <curl/curl.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>

#include "clients/base/task.h"
#include "clients/pcaps_api/open_sockets.h"

namespace pcaps {

// Moves the bytes of all transfers of one loop. Everything happens on the loop's thread, and
// libcurl is only ever called from the loop, never from inside one of its own callbacks. Shared:
// transfers keep it alive.
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  // A transfer, as the loop sees it: CURLOPT_PRIVATE of its easy handle points to it.
  class Transfer {
   public:
    // The transfer is over and its handle removed. Must not call libcurl.
    virtual void OnFinished(CURLcode result) = 0;

   protected:
    ~Transfer() = default;
  };

  CurlLoop(Loop loop, long max_idle_connections);
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;
  ~CurlLoop();

  // Starts a transfer. It ends by OnFinished or by Remove, whichever is first.
  void Add(CURL* easy, Transfer* transfer);
  // Abandons a transfer; nothing where it is over.
  void Remove(CURL* easy);

  const Loop& loop() const { return loop_; }
  const OpenSockets& open_sockets() const { return open_sockets_; }

 private:
  // What libcurl wants to know about one of its sockets. The descriptor is borrowed: released,
  // never closed.
  struct Socket {
    Socket(const Loop& loop, curl_socket_t fd) : fd(fd), descriptor(loop) {}
    ~Socket() { descriptor.release(); }
    // There is something to read, and libcurl wants it.
    bool HasMore() const;
    const curl_socket_t fd;
    boost::asio::posix::stream_descriptor descriptor;
    int wanted = CURL_POLL_NONE;
    bool reading = false;  // A wait for readability is under way.
    bool writing = false;
    bool watched = true;  // False once libcurl let go of the socket.
  };

  static int SocketCallback(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int TimerCallback(CURLM* multi, long timeout_ms, void* self);

  void Open();
  void Close();
  bool Watch(curl_socket_t fd, int what);
  void Arm(const std::shared_ptr<Socket>& socket);
  void Await(const std::shared_ptr<Socket>& socket, bool write);
  void SetTimer(long timeout_ms);
  void DriveSoon();
  void Drive(curl_socket_t fd, int events);
  void CollectFinished();
  void Rebuild();

  const Loop loop_;
  const long max_idle_connections_;
  boost::asio::steady_timer timer_;
  bool drive_posted_ = false;  // Timers that are due will be seen to, by a task in the loop.
  OpenSockets open_sockets_;
  CURLM* multi_ = nullptr;
  std::map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  std::map<CURL*, Transfer*> transfers_;
};

}  // namespace pcaps
