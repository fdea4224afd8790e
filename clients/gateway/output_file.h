// OutputFile: a file that appears under its name only when it is complete.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps {

// The bytes go to a temporary file in the same folder, which Commit() renames and anything else
// removes. A file that had the name keeps it, whole, until then. Used by one thread.
class OutputFile {
 public:
  // Errors: INVALID_ARGUMENT when the path names something that is not a regular file, or cannot be
  // written.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  absl::Status Write(absl::string_view bytes);
  // Makes the file durable and gives it its name. Last call.
  absl::Status Commit();

 private:
  OutputFile(std::filesystem::path path, std::filesystem::path temporary, int descriptor);

  const std::filesystem::path path_;
  const std::filesystem::path temporary_;
  const int descriptor_;
  bool committed_ = false;
};

}  // namespace pcaps
