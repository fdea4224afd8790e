#include "clients/pcaps_api/curl_loop.h"

#include <poll.h>

#include <chrono>
#include <utility>

namespace pcaps {

namespace {

// libcurl receives one TLS record at a time. Reading on while there is more saves a turn of the
// loop for each; but other transfers want their turns, too.
constexpr int kMaxMoreReads = 16;

}  // namespace

bool CurlLoop::Socket::HasMore() const {
  if (!watched || (wanted & CURL_POLL_IN) == 0) return false;
  pollfd poll_fd{fd, POLLIN, 0};
  return poll(&poll_fd, 1, /*timeout=*/0) > 0;
}

CurlLoop::CurlLoop(Loop loop, long max_idle_connections)
    : loop_(std::move(loop)), max_idle_connections_(max_idle_connections), timer_(loop_) {
  // Once per process, before any other use of libcurl.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialised);
  Open();
}

CurlLoop::~CurlLoop() { Close(); }

void CurlLoop::Open() {
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::SocketCallback);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::TimerCallback);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, max_idle_connections_);
}

void CurlLoop::Close() {
  curl_multi_cleanup(multi_);  // Closes idle connections, which calls SocketCallback.
  multi_ = nullptr;
  sockets_.clear();
  timer_.cancel();
}

void CurlLoop::Add(CURL* easy, Transfer* transfer) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  open_sockets_.Serve(easy);
  if (curl_multi_add_handle(multi_, easy) != CURLM_OK) {
    transfer->OnFinished(CURLE_FAILED_INIT);
    return;
  }
  transfers_.emplace(easy, transfer);
}

void CurlLoop::Remove(CURL* easy) {
  if (transfers_.erase(easy) > 0) curl_multi_remove_handle(multi_, easy);
}

int CurlLoop::SocketCallback(CURL*, curl_socket_t fd, int what, void* self, void*) {
  return static_cast<CurlLoop*>(self)->Watch(fd, what) ? 0 : -1;
}

int CurlLoop::TimerCallback(CURLM*, long timeout_ms, void* self) {
  static_cast<CurlLoop*>(self)->SetTimer(timeout_ms);
  return 0;
}

// False where the socket cannot be watched: libcurl then gives the multi handle up, and Drive
// rebuilds it.
bool CurlLoop::Watch(curl_socket_t fd, int what) {
  if (what == CURL_POLL_REMOVE) {
    const auto found = sockets_.find(fd);
    if (found == sockets_.end()) return true;
    // libcurl may close the descriptor next, and the number may come back: let go of it now, not
    // when the last wait ends.
    found->second->watched = false;
    found->second->descriptor.release();
    sockets_.erase(found);
    return true;
  }
  std::shared_ptr<Socket>& socket = sockets_[fd];
  if (socket == nullptr) {
    socket = std::make_shared<Socket>(loop_, fd);
    boost::system::error_code error;
    socket->descriptor.assign(fd, error);
    if (error) return false;
  }
  socket->wanted = what;
  Arm(socket);
  return true;
}

void CurlLoop::Arm(const std::shared_ptr<Socket>& socket) {
  if ((socket->wanted & CURL_POLL_IN) != 0 && !socket->reading) Await(socket, /*write=*/false);
  if ((socket->wanted & CURL_POLL_OUT) != 0 && !socket->writing) Await(socket, /*write=*/true);
}

void CurlLoop::Await(const std::shared_ptr<Socket>& socket, bool write) {
  using Wait = boost::asio::posix::stream_descriptor;
  (write ? socket->writing : socket->reading) = true;
  socket->descriptor.async_wait(
      write ? Wait::wait_write : Wait::wait_read,
      [weak = weak_from_this(), socket, write](const boost::system::error_code& error) {
        (write ? socket->writing : socket->reading) = false;
        const auto self = weak.lock();
        if (self == nullptr || !socket->watched) return;
        const int wanted = write ? CURL_POLL_OUT : CURL_POLL_IN;
        if ((socket->wanted & wanted) == 0) return;  // Paused meanwhile.
        const int ready = write ? CURL_CSELECT_OUT : CURL_CSELECT_IN;
        self->Drive(socket->fd, error ? CURL_CSELECT_ERR : ready);
        for (int i = 0; i < kMaxMoreReads && !write && socket->HasMore(); ++i) {
          self->Drive(socket->fd, CURL_CSELECT_IN);
        }
        if (socket->watched) self->Arm(socket);
      });
}

void CurlLoop::SetTimer(long timeout_ms) {
  if (timeout_ms < 0) {
    timer_.cancel();
    return;
  }
  if (timeout_ms == 0) return DriveSoon();
  timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self != nullptr && !error) self->Drive(CURL_SOCKET_TIMEOUT, 0);
  });
}

// libcurl must not be called from its own callback, so even what is due goes through the loop; but
// not through the timer, which costs two system calls for each request.
void CurlLoop::DriveSoon() {
  timer_.cancel();
  if (std::exchange(drive_posted_, true)) return;
  boost::asio::post(loop_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->drive_posted_ = false;
    self->Drive(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlLoop::Drive(curl_socket_t fd, int events) {
  int running = 0;
  if (curl_multi_socket_action(multi_, fd, events, &running) != CURLM_OK) {
    Rebuild();
    return;
  }
  CollectFinished();
}

void CurlLoop::CollectFinished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // The message dies with the removal.
    CURL* const easy = message->easy_handle;
    const CURLcode result = message->data.result;
    Transfer* const transfer = transfers_.at(easy);
    Remove(easy);
    transfer->OnFinished(result);
  }
}

// After an error of the multi handle nothing it says can be trusted: every transfer fails, and a
// new handle begins.
void CurlLoop::Rebuild() {
  const std::map<CURL*, Transfer*> failed = std::exchange(transfers_, {});
  for (const auto& [easy, transfer] : failed) {
    curl_multi_remove_handle(multi_, easy);
    transfer->OnFinished(CURLE_ABORTED_BY_CALLBACK);
  }
  for (const auto& [fd, socket] : sockets_) socket->watched = false;
  Close();
  Open();
}

}  // namespace pcaps
