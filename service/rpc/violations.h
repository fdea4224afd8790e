// Violations: what is wrong with a request, gathered so that every bad field is named at once.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/rpc/error_details.pb.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/gateway/page.h"

namespace pcaps {

// Descriptions complete "<field> ...". None repeats a value that may be a secret.
class Violations {
 public:
  void Add(absl::string_view field, absl::string_view description);

  void CheckId(absl::string_view field, absl::string_view id);

  // A bucket's URI.
  void CheckDestination(absl::string_view field, absl::string_view uri);

  template <typename Number>
  void CheckRange(absl::string_view field, Number value, Number min, Number max) {
    if (value < min || value > max) {
      Add(field, absl::StrCat("is ", value, "; it must be from ", min, " to ", max));
    }
  }

  // Also refuses what protobuf calls an invalid Duration.
  bool CheckDuration(absl::string_view field, const google::protobuf::Duration& duration,
                     absl::Duration min, absl::Duration max);

  // The page_size and page_token of a list request.
  template <typename ListRequest>
  void CheckPage(const ListRequest& request) {
    if (request.page_size() < 0) Add("page_size", "must not be negative");
    if (request.page_token().empty()) return;
    const auto position = ParsePageToken(request.page_token(), request.account_id());
    if (!position.ok()) Add("page_token", position.status().message());
  }

  // INVALID_ARGUMENT/INVALID_FIELD that names them all, or OK.
  absl::Status ToStatus() const;

 private:
  google::rpc::BadRequest bad_;
  int unnamed_ = 0;
};

}  // namespace pcaps
