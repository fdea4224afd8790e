#include "clients/gateway/pcapctl/output.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/gateway/pcapctl/progress.h"
#include "clients/gateway/pcapctl/render.h"

namespace pcaps::pcapctl {

CLI::Option* AddOutputOption(CLI::App& command, std::string& path) {
  return command.add_option("-o,--output", path, "File to write, or - for standard output")
      ->type_name("FILE");
}

absl::StatusOr<Output> Output::Open(const std::string& path, const Session& session) {
  if (path.empty()) return absl::InvalidArgumentError("say where the file goes: -o FILE, or -o -");
  if (path == kStandardOutput) return Output(path, session, nullptr);
  absl::StatusOr<std::unique_ptr<OutputFile>> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  return Output(path, session, *std::move(file));
}

absl::Status Output::Download(const v1::DownloadPcapRequest& request) {
  // A terminal that shows the capture itself has no room for a line about it.
  const bool shown = file_ != nullptr && session_.console.shows_progress && !session_.flags.json;
  Progress progress(session_.err, shown);
  int64_t bytes = 0;
  std::optional<int64_t> of;
  const auto info = [&](const v1::DownloadInfo& coming) {
    if (coming.has_size()) of = coming.size();
    return absl::OkStatus();
  };
  const auto sink = [&](absl::string_view data) {
    bytes += static_cast<int64_t>(data.size());
    progress.Show(bytes, of, absl::Now());
    return Write(data);
  };
  const absl::StatusOr<DownloadResult> result =
      session_.client.Download(request, sink, session_.call, info);
  progress.Clear();
  if (!result.ok()) return result.status();
  const absl::Status finished = Finish();
  if (finished.ok()) TellDownloaded(session_, path_, *result);
  return finished;
}

absl::Status Output::Write(absl::string_view bytes) {
  if (file_ != nullptr) return file_->Write(bytes);
  session_.out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!session_.out) return absl::UnknownError("cannot write to standard output");
  return absl::OkStatus();
}

absl::Status Output::Finish() {
  if (file_ != nullptr) return file_->Commit();
  if (!session_.out.flush()) return absl::UnknownError("cannot write to standard output");
  return absl::OkStatus();
}

void TellDownloaded(const Session& session, const std::string& path, const DownloadResult& result) {
  std::ostream& stream = path == kStandardOutput ? session.err : session.out;
  if (session.flags.json) {
    boost::json::object line{
        {"file", path}, {"size", result.size}, {"sha256", ToHex(result.sha256)}};
    if (result.packets.has_value()) line["packets"] = *result.packets;
    stream << boost::json::serialize(line) << "\n" << std::flush;
    return;
  }
  const std::string packets = result.packets.has_value() ? absl::StrCat(*result.packets) : "?";
  stream << absl::StreamFormat("%s: %s packets, %d bytes, sha256 %s", path, packets, result.size,
                               ToHex(result.sha256))
         << "\n"
         << std::flush;
}

}  // namespace pcaps::pcapctl
