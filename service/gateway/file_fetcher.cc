#include "service/gateway/file_fetcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// A body can be whole for HTTP and yet no capture, for once; no more often, or the upstream's
// budget goes into a file that is simply bad.
constexpr int kMaxFetches = 2;
constexpr absl::Duration kOverloadedRetry = absl::Seconds(1);

absl::Status Overloaded(int max) {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                absl::StrCat("all ", max, " places for files on their way are taken")),
      kOverloadedRetry);
}

}  // namespace

FileFetcher::FileFetcher(DownloadLane lane, Check check, DownloadCache& cache, Slots& slots,
                         Clock& clock, FetchOptions options)
    : lane_(std::move(lane)),
      check_(std::move(check)),
      cache_(cache),
      slots_(slots),
      clock_(clock),
      options_(options),
      flights_(lane_.loop) {}

Task<absl::StatusOr<Fetched>> FileFetcher::Fetch(CaptureKey key, bool known_done,
                                                 std::shared_ptr<UpstreamCost> cost) {
  absl::StatusOr<SharedFetched> shared = co_await Join(key, known_done, cost);
  if (known_done && ReasonOf(shared.status()) == v1::ERROR_REASON_CAPTURE_NOT_READY) {
    // That flight had asked before the capture was done.
    shared = co_await Join(key, known_done, cost);
  }
  if (!shared.ok()) co_return shared.status();
  const HeldFile* const held = std::get_if<HeldFile>(shared->get());
  if (held != nullptr) co_return *held;
  LargeFile large = std::exchange(std::get<LargeFile>(**shared), {});
  if (large.file.rest != nullptr) co_return large;
  // Another reader has it: a body that is streamed has one reader.
  co_return co_await FetchOnce(std::move(key), /*known_done=*/true, std::move(cost));
}

Task<absl::StatusOr<FileFetcher::SharedFetched>> FileFetcher::Join(
    const CaptureKey& key, bool known_done, std::shared_ptr<UpstreamCost> cost) {
  return Flight<SharedFetched>::Join(
      flights_.FindOrStart(key, [&] { return Fly(key, known_done, std::move(cost)); }));
}

Task<absl::StatusOr<FileFetcher::SharedFetched>> FileFetcher::Fly(
    CaptureKey key, bool known_done, std::shared_ptr<UpstreamCost> cost) {
  absl::StatusOr<Fetched> fetched = co_await FetchOnce(std::move(key), known_done, std::move(cost));
  if (!fetched.ok()) co_return fetched.status();
  co_return std::make_shared<Fetched>(*std::move(fetched));
}

Task<absl::StatusOr<Fetched>> FileFetcher::FetchOnce(CaptureKey key, bool known_done,
                                                     std::shared_ptr<UpstreamCost> cost) {
  if (!known_done) {
    const absl::Status checked = co_await check_(key, cost);
    if (!checked.ok()) co_return checked;
  }
  const CallTerms terms(clock_.Now() + options_.request_timeout, std::move(cost));
  Slot slot = slots_.Take();  // Only now: before there is no file.
  if (slot == nullptr) co_return Overloaded(slots_.max());
  for (int number = 1;; ++number) {
    absl::StatusOr<PcapFile> file =
        co_await lane_.api->DownloadPcap(key.account_id, key.pcap_id, options_.whole_max, terms);
    if (!file.ok()) co_return file.status();
    if (file->rest != nullptr) co_return LargeFile{*std::move(file), std::move(slot)};
    absl::StatusOr<CaptureFile> proved = ProveCapture(*std::move(file));
    if (proved.ok()) {
      proved->slot = std::move(slot);
      co_return cache_.Keep(key, *std::move(proved));
    }
    if (number == kMaxFetches) co_return proved.status();
  }
}

}  // namespace pcaps
