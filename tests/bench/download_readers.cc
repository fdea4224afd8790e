#include "tests/bench/download_readers.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <pcaps/v1/pcaps.grpc.pb.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include "absl/time/clock.h"

namespace pcaps::bench {
namespace {

// Long enough for any file on loopback: what takes longer hangs.
constexpr absl::Duration kPatience = absl::Minutes(1);

v1::DownloadPcapRequest RequestFor(const DownloadTarget& target) {
  v1::DownloadPcapRequest request;
  request.set_account_id(target.account_id);
  request.set_pcap_id(target.pcap_id);
  return request;
}

std::shared_ptr<grpc::Channel> Connect(const DownloadTarget& target) {
  return grpc::CreateChannel(target.target, grpc::InsecureChannelCredentials());
}

// Bytes of one whole download; negative where it fails. Messages are counted and not parsed, but
// for the last one: what is measured is the server, and this costs the same processors.
int64_t ReadOnce(const std::shared_ptr<grpc::Channel>& channel,
                 const v1::DownloadPcapRequest& request) {
  const grpc::internal::RpcMethod method("/pcaps.v1.PcapsService/DownloadPcap",
                                         grpc::internal::RpcMethod::SERVER_STREAMING, channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  const std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(channel.get(), method, &context,
                                                                    request));
  int64_t received = 0;
  grpc::ByteBuffer last;
  for (grpc::ByteBuffer message; reader->Read(&message); last.Swap(&message)) {
    received += static_cast<int64_t>(message.Length());
  }
  grpc::Status status = reader->Finish();
  v1::DownloadPcapResponse end;
  if (status.ok()) {
    status = grpc::SerializationTraits<v1::DownloadPcapResponse>::Deserialize(&last, &end);
  }
  const int64_t size = end.summary().size();
  if (status.ok() && size > 0 && received > size) return size;
  std::fprintf(stderr, "a download failed after %lld bytes: %s\n", static_cast<long long>(received),
               status.error_message().c_str());
  return -1;
}

}  // namespace

bool ReadAtFullSpeed(const DownloadTarget& target, absl::Duration duration) {
  const std::shared_ptr<grpc::Channel> channel = Connect(target);
  const v1::DownloadPcapRequest request = RequestFor(target);
  if (ReadOnce(channel, request) < 0) return false;  // Connects, and fills caches.
  const absl::Time start = absl::Now();
  int64_t bytes = 0;
  do {
    const int64_t read = ReadOnce(channel, request);
    if (read < 0) return false;
    bytes += read;
  } while (absl::Now() - start < duration);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("%.1f\n", static_cast<double>(bytes) / 1e6 / seconds);
  return true;
}

bool Stall(const DownloadTarget& target, int readers) {
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::DownloadPcapResponse>> reader;
  };
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);  // Before any thread, so that all of them leave it to us.
  const auto stub = v1::PcapsService::NewStub(Connect(target));
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < readers; ++i) {
    Stream& stream = *streams.emplace_back(std::make_unique<Stream>());
    stream.reader = stub->DownloadPcap(&stream.context, RequestFor(target));
    v1::DownloadPcapResponse first;
    if (!stream.reader->Read(&first)) {
      std::fprintf(stderr, "%s\n", stream.reader->Finish().error_message().c_str());
      return false;
    }
  }
  std::printf("stalled %d\n", readers);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  for (const auto& stream : streams) {
    stream->context.TryCancel();
    (void)stream->reader->Finish();
  }
  return true;
}

}  // namespace pcaps::bench
