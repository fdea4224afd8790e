#include "tests/unit/gateway_client/fake_gateway.h"

#include <google/rpc/status.pb.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

absl::Status NotFound() {
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND,
                   "the account has no such capture");
}

// Takes the first of the queue, or a default one.
template <typename T>
T Next(std::deque<T>& queue) {
  if (queue.empty()) return T();
  T first = queue.front();
  queue.pop_front();
  return first;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    google::protobuf::Any& any = *details.add_details();
    any.set_type_url(std::string(type_url));
    any.set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

FakeGateway::FakeGateway() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  builder.RegisterService(&ownerships_);
  server_ = builder.BuildAndStart();
  target_ = absl::StrCat("127.0.0.1:", port);
}

FakeGateway::~FakeGateway() {
  leaving_.Notify();
  server_->Shutdown();
}

void FakeGateway::AddPcap(const v1::Pcap& pcap, const std::string& file) {
  absl::MutexLock lock(&mutex_);
  pcaps_.push_front(pcap);
  files_[pcap.id()] = file;
}

void FakeGateway::FailNext(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  failures_.push_back(status);
}

void FakeGateway::BreakDownload(const DownloadFault& fault) {
  absl::MutexLock lock(&mutex_);
  download_faults_.push_back(fault);
}

void FakeGateway::ScriptWatch(const WatchScript& script) {
  absl::MutexLock lock(&mutex_);
  watch_scripts_.push_back(script);
}

void FakeGateway::SetRequestId(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  request_id_ = id;
}

void FakeGateway::SetPageSize(int size) {
  absl::MutexLock lock(&mutex_);
  page_size_ = size;
}

void FakeGateway::SetFileOfCreated(const std::string& file) {
  absl::MutexLock lock(&mutex_);
  file_of_created_ = file;
}

std::vector<v1::CreatePcapRequest> FakeGateway::creates() const {
  absl::MutexLock lock(&mutex_);
  return creates_;
}

std::vector<v1::DownloadPcapRequest> FakeGateway::downloads() const {
  absl::MutexLock lock(&mutex_);
  return downloads_;
}

int FakeGateway::stops() const {
  absl::MutexLock lock(&mutex_);
  return stops_;
}

int FakeGateway::watches() const {
  absl::MutexLock lock(&mutex_);
  return watches_;
}

std::string FakeGateway::LastMetadata(const std::string& key) const {
  absl::MutexLock lock(&mutex_);
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? "" : found->second;
}

absl::Time FakeGateway::last_deadline() const {
  absl::MutexLock lock(&mutex_);
  return deadline_;
}

absl::Status FakeGateway::Begin(grpc::ServerContext* context) {
  metadata_.clear();
  for (const auto& [key, value] : context->client_metadata()) {
    metadata_.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  deadline_ = absl::FromChrono(context->deadline());
  return Next(failures_);
}

grpc::Status FakeGateway::Fail(grpc::ServerContext* context, const absl::Status& status) {
  if (!request_id_.empty()) context->AddTrailingMetadata("request-id", request_id_);
  return ToGrpcStatus(status);
}

v1::Pcap* FakeGateway::Find(const std::string& id) {
  const auto found = std::find_if(pcaps_.begin(), pcaps_.end(),
                                  [&](const v1::Pcap& pcap) { return pcap.id() == id; });
  return found == pcaps_.end() ? nullptr : &*found;
}

grpc::Status FakeGateway::ListPcaps(grpc::ServerContext* context,
                                    const v1::ListPcapsRequest* request,
                                    v1::ListPcapsResponse* response) {
  absl::MutexLock lock(&mutex_);
  const absl::Status failure = Begin(context);
  if (!failure.ok()) return Fail(context, failure);
  size_t begin = request->page_token().empty() ? 0 : std::stoul(request->page_token());
  const size_t end = std::min<size_t>(pcaps_.size(), begin + page_size_);
  for (; begin < end; ++begin) *response->add_pcaps() = pcaps_[begin];
  if (end < pcaps_.size()) response->set_next_page_token(std::to_string(end));
  return grpc::Status::OK;
}

grpc::Status FakeGateway::GetPcap(grpc::ServerContext* context, const v1::GetPcapRequest* request,
                                  v1::Pcap* pcap) {
  absl::MutexLock lock(&mutex_);
  const absl::Status failure = Begin(context);
  if (!failure.ok()) return Fail(context, failure);
  const v1::Pcap* const found = Find(request->pcap_id());
  if (found == nullptr) return Fail(context, NotFound());
  *pcap = *found;
  return grpc::Status::OK;
}

grpc::Status FakeGateway::CreatePcap(grpc::ServerContext* context,
                                     const v1::CreatePcapRequest* request, v1::Pcap* pcap) {
  absl::MutexLock lock(&mutex_);
  creates_.push_back(*request);
  const absl::Status failure = Begin(context);
  if (!failure.ok()) return Fail(context, failure);
  std::string& id = created_[request->request_id()];
  if (id.empty()) {
    id = absl::StrCat("created", created_.size());
    v1::Pcap created = PcapInState(id, v1::Pcap::STATUS_PENDING);
    *created.mutable_filter() = request->filter();
    *created.mutable_time_limit() = request->time_limit();
    created.set_type(request->has_full() ? v1::Pcap::TYPE_FULL : v1::Pcap::TYPE_SIMPLE);
    pcaps_.push_front(created);
    files_[id] = file_of_created_;
  }
  *pcap = *Find(id);
  return grpc::Status::OK;
}

grpc::Status FakeGateway::StopPcap(grpc::ServerContext* context, const v1::StopPcapRequest* request,
                                   v1::StopPcapResponse*) {
  absl::MutexLock lock(&mutex_);
  ++stops_;
  const absl::Status failure = Begin(context);
  if (!failure.ok()) return Fail(context, failure);
  const v1::Pcap* const found = Find(request->pcap_id());
  if (found == nullptr) return Fail(context, NotFound());
  if (found->type() == v1::Pcap::TYPE_SIMPLE) {
    return Fail(context, MakeError(absl::StatusCode::kFailedPrecondition,
                                   v1::ERROR_REASON_CAPTURE_NOT_STOPPABLE,
                                   "simple captures cannot be stopped"));
  }
  return grpc::Status::OK;
}

grpc::Status FakeGateway::DownloadPcap(grpc::ServerContext* context,
                                       const v1::DownloadPcapRequest* request,
                                       grpc::ServerWriter<v1::DownloadPcapResponse>* writer) {
  absl::MutexLock lock(&mutex_);
  downloads_.push_back(*request);
  const absl::Status failure = Begin(context);
  if (!failure.ok()) return Fail(context, failure);
  if (Find(request->pcap_id()) == nullptr) return Fail(context, NotFound());
  const DownloadFault fault = Next(download_faults_);
  const absl::Status status = SendDownload(*request, files_[request->pcap_id()], fault, *writer);
  return Fail(context, status);
}

grpc::Status FakeGateway::WatchPcap(grpc::ServerContext* context,
                                    const v1::WatchPcapRequest* request,
                                    grpc::ServerWriter<v1::WatchEvent>* writer) {
  WatchScript script;
  {
    absl::MutexLock lock(&mutex_);
    ++watches_;
    const absl::Status failure = Begin(context);
    if (!failure.ok()) return Fail(context, failure);
    const v1::Pcap* const found = Find(request->pcap_id());
    if (found == nullptr) return Fail(context, NotFound());
    if (watch_scripts_.empty()) script.events = {EventOf(*found)};
    if (!watch_scripts_.empty()) script = Next(watch_scripts_);
  }
  return SendEvents(context, script, *writer);
}

grpc::Status FakeGateway::WatchPcaps(grpc::ServerContext* context, const v1::WatchPcapsRequest*,
                                     grpc::ServerWriter<v1::WatchEvent>* writer) {
  WatchScript script;
  {
    absl::MutexLock lock(&mutex_);
    ++watches_;
    const absl::Status failure = Begin(context);
    if (!failure.ok()) return Fail(context, failure);
    script = Next(watch_scripts_);
  }
  return SendEvents(context, script, *writer);
}

grpc::Status FakeGateway::SendEvents(grpc::ServerContext* context, const WatchScript& script,
                                     grpc::ServerWriter<v1::WatchEvent>& writer) {
  for (const v1::WatchEvent& event : script.events) writer.Write(event);
  if (script.hold) {
    if (!holding_.HasBeenNotified()) holding_.Notify();
    leaving_.WaitForNotification();  // The client's cancellation does not need the handler's help.
  }
  absl::MutexLock lock(&mutex_);
  return Fail(context, script.status);
}

v1::Pcap PcapInState(const std::string& id, v1::Pcap::Status status) {
  v1::Pcap pcap;
  pcap.set_id(id);
  pcap.set_account_id(kAccount);
  pcap.set_type(v1::Pcap::TYPE_SIMPLE);
  pcap.set_status(status);
  pcap.set_done(status == v1::Pcap::STATUS_SUCCESS || status == v1::Pcap::STATUS_COMPLETE ||
                status == v1::Pcap::STATUS_FAILED);
  pcap.mutable_time_limit()->set_seconds(60);
  return pcap;
}

v1::WatchEvent EventOf(const v1::Pcap& pcap) {
  v1::WatchEvent event;
  *event.mutable_pcap() = pcap;
  return event;
}

absl::Status Retryable(v1::ErrorReason reason) {
  return MakeError(absl::StatusCode::kUnavailable, reason, "call again");
}

}  // namespace pcaps
