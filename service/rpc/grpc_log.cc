#include "service/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "clients/base/mutex.h"

namespace pcaps {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);  // Of two lines.

// Outlives every thread of gRPC's.
struct Target {
  Mutex mutex;
  Log* log ABSL_GUARDED_BY(mutex) = nullptr;
  absl::Time written ABSL_GUARDED_BY(mutex) = absl::InfinitePast();
  int64_t left_out ABSL_GUARDED_BY(mutex) = 0;
};

Target& TheTarget() {
  static auto* const target = new Target;
  return *target;
}

void Write(gpr_log_func_args* args) {
  Target& target = TheTarget();
  const MutexLock lock(target.mutex);
  const absl::Time now = absl::Now();
  if (target.log == nullptr) return;
  if (now - target.written < kInterval) {
    ++target.left_out;
    return;
  }
  target.written = now;
  LogLine line = target.log->Begin(LogLevel::kWarn, "grpc");
  line.AddText("message", CleanText(args->message));
  line.AddText("source", absl::StrCat(args->file, ":", args->line));
  line.AddNumber("left_out_before", target.left_out);
  target.left_out = 0;
  target.log->WriteSoon(line);
}

}  // namespace

GrpcLog::GrpcLog(Log& log) {
  Target& target = TheTarget();
  {
    const MutexLock lock(target.mutex);
    target.log = &log;
  }
  gpr_set_log_function(Write);
}

GrpcLog::~GrpcLog() {
  Target& target = TheTarget();
  const MutexLock lock(target.mutex);
  target.log = nullptr;
}

}  // namespace pcaps
