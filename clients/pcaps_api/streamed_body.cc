#include "clients/pcaps_api/streamed_body.h"

#include "clients/pcaps_api/upstream_error.h"

namespace pcaps {
namespace {

// In 30 s this is 2 KiB a second: slower than any link to a data centre, and a file of 8 MiB still
// takes an hour.
constexpr int64_t kLeastBytes = 64 << 10;

}  // namespace

Task<absl::StatusOr<std::string>> StreamedBody::Read() {
  const absl::Time began = clock_.Now();
  absl::StatusOr<std::string> data = co_await exchange_->Read(began + stall_timeout_ - waited_);
  if (!data.ok()) co_return TransportError(exchange_->failure(), data.status().message());
  waited_ += clock_.Now() - began;
  received_ += static_cast<int64_t>(data->size());
  if (received_ >= kLeastBytes) {
    received_ = 0;
    waited_ = absl::ZeroDuration();
  }
  co_return data;
}

}  // namespace pcaps
