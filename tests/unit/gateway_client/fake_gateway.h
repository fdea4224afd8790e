// FakeGateway: a small honest pcaps.v1.PcapsService on a real socket, which misbehaves only where a
// test says so.
#pragma once

#include <grpcpp/grpcpp.h>
#include <pcaps/v1/pcaps.grpc.pb.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "tests/unit/gateway_client/fake_download.h"
#include "tests/unit/gateway_client/fake_ownerships.h"

namespace pcaps {

// The gRPC form of an error of ours, with its details.
grpc::Status ToGrpcStatus(const absl::Status& status);

// How one watch stream goes: the states it sends, and how it ends.
struct WatchScript {
  std::vector<v1::WatchEvent> events;
  absl::Status status;
  bool hold = false;  // Before its end, until the call is cancelled or the fake goes away.
};

class FakeGateway : public v1::PcapsService::Service {
 public:
  FakeGateway();
  ~FakeGateway() override;

  // "127.0.0.1:port"
  const std::string& target() const { return target_; }
  // Its other service, on the same socket.
  FakeOwnerships& ownerships() { return ownerships_; }

  // A capture that exists, with its file.
  void AddPcap(const v1::Pcap& pcap, const std::string& file = "") ABSL_LOCKS_EXCLUDED(mutex_);
  // Each is used up by one call of its kind; then calls are honest again.
  void FailNext(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void BreakDownload(const DownloadFault& fault) ABSL_LOCKS_EXCLUDED(mutex_);
  void ScriptWatch(const WatchScript& script) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sent with every error.
  void SetRequestId(const std::string& id) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetPageSize(int size) ABSL_LOCKS_EXCLUDED(mutex_);
  // Created captures answer downloads with this file.
  void SetFileOfCreated(const std::string& file) ABSL_LOCKS_EXCLUDED(mutex_);

  // Returns once the first watch with `hold` has sent its events.
  void WaitForHold() { holding_.WaitForNotification(); }

  std::vector<v1::CreatePcapRequest> creates() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<v1::DownloadPcapRequest> downloads() const ABSL_LOCKS_EXCLUDED(mutex_);
  int stops() const ABSL_LOCKS_EXCLUDED(mutex_);
  int watches() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Metadata of the last call, empty where it was not sent.
  std::string LastMetadata(const std::string& key) const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Time last_deadline() const ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status ListPcaps(grpc::ServerContext* context, const v1::ListPcapsRequest* request,
                         v1::ListPcapsResponse* response) override;
  grpc::Status GetPcap(grpc::ServerContext* context, const v1::GetPcapRequest* request,
                       v1::Pcap* pcap) override;
  grpc::Status CreatePcap(grpc::ServerContext* context, const v1::CreatePcapRequest* request,
                          v1::Pcap* pcap) override;
  grpc::Status StopPcap(grpc::ServerContext* context, const v1::StopPcapRequest* request,
                        v1::StopPcapResponse* response) override;
  grpc::Status DownloadPcap(grpc::ServerContext* context, const v1::DownloadPcapRequest* request,
                            grpc::ServerWriter<v1::DownloadPcapResponse>* writer) override;
  grpc::Status WatchPcap(grpc::ServerContext* context, const v1::WatchPcapRequest* request,
                         grpc::ServerWriter<v1::WatchEvent>* writer) override;
  // As scripted for WatchPcap.
  grpc::Status WatchPcaps(grpc::ServerContext* context, const v1::WatchPcapsRequest* request,
                          grpc::ServerWriter<v1::WatchEvent>* writer) override;

 private:
  grpc::Status SendEvents(grpc::ServerContext* context, const WatchScript& script,
                          grpc::ServerWriter<v1::WatchEvent>& writer) ABSL_LOCKS_EXCLUDED(mutex_);
  // Notes the call; the error scripted for it.
  absl::Status Begin(grpc::ServerContext* context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  grpc::Status Fail(grpc::ServerContext* context, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Pcap* Find(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::deque<v1::Pcap> pcaps_ ABSL_GUARDED_BY(mutex_);  // Newest first.
  std::map<std::string, std::string> files_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> created_ ABSL_GUARDED_BY(mutex_);  // Id by request_id.
  std::string file_of_created_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::deque<DownloadFault> download_faults_ ABSL_GUARDED_BY(mutex_);
  std::deque<WatchScript> watch_scripts_ ABSL_GUARDED_BY(mutex_);
  std::string request_id_ ABSL_GUARDED_BY(mutex_);
  int page_size_ ABSL_GUARDED_BY(mutex_) = 1000;
  std::vector<v1::CreatePcapRequest> creates_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::DownloadPcapRequest> downloads_ ABSL_GUARDED_BY(mutex_);
  int stops_ ABSL_GUARDED_BY(mutex_) = 0;
  int watches_ ABSL_GUARDED_BY(mutex_) = 0;
  std::multimap<std::string, std::string> metadata_ ABSL_GUARDED_BY(mutex_);
  absl::Time deadline_ ABSL_GUARDED_BY(mutex_);
  FakeOwnerships ownerships_;
  absl::Notification holding_;
  absl::Notification leaving_;
  std::string target_;
  std::unique_ptr<grpc::Server> server_;
};

// Captures and events for tests.
inline constexpr char kAccount[] = "4f2a";
v1::Pcap PcapInState(const std::string& id, v1::Pcap::Status status);
v1::WatchEvent EventOf(const v1::Pcap& pcap);
// UNAVAILABLE with a reason, after which a client calls again.
absl::Status Retryable(v1::ErrorReason reason);

}  // namespace pcaps
