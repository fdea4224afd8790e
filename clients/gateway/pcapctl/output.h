// Output: where a downloaded capture goes (-o), and the line that closes it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/gateway/output_file.h"
#include "clients/gateway/pcapctl/command.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pcaps::pcapctl {

inline constexpr char kStandardOutput[] = "-";

CLI::Option* AddOutputOption(CLI::App& command, std::string& path);

// Tells how much came: on standard output, or on standard error where the capture itself went to
// standard output.
void TellDownloaded(const Session& session, const std::string& path, const DownloadResult& result);

class Output {
 public:
  // "-" is the session's standard output. A file that cannot be written is an error here, before
  // anything is asked for.
  static absl::StatusOr<Output> Open(const std::string& path, const Session& session);

  // Fetches the capture into the output, showing progress where that can be seen, and tells how
  // much it was. After an error there is no file. Last call.
  absl::Status Download(const v1::DownloadPcapRequest& request);

 private:
  Output(std::string path, const Session& session, std::unique_ptr<OutputFile> file)
      : path_(std::move(path)), session_(session), file_(std::move(file)) {}

  absl::Status Write(absl::string_view bytes);
  absl::Status Finish();

  std::string path_;
  const Session& session_;
  std::unique_ptr<OutputFile> file_;  // Null: standard output.
};

}  // namespace pcaps::pcapctl
