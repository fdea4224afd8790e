#include "service/telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace pcaps {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// Of proc(5): fields of /proc/self/stat behind the name of the program, which is the second of all
// and may hold anything but a ')' at its end.
constexpr size_t kUserTicks = 14 - 3;
constexpr size_t kSystemTicks = 15 - 3;
constexpr size_t kThreadCount = 20 - 3;
constexpr size_t kStartTicks = 22 - 3;
constexpr size_t kVirtualBytes = 23 - 3;
constexpr size_t kResidentPages = 24 - 3;

std::string ContentOf(const char* file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// /proc/self/stat; each field is nothing where there is none.
class ProcessStat {
 public:
  ProcessStat() {
    const std::string stat = ContentOf("/proc/self/stat");
    const size_t name_end = stat.rfind(") ");
    if (name_end != std::string::npos) fields_ = absl::StrSplit(stat.substr(name_end + 2), ' ');
  }
  std::optional<double> Field(size_t i) const {
    double number = 0;
    if (i >= fields_.size() || !absl::SimpleAtod(fields_[i], &number)) return std::nullopt;
    return number;
  }
  std::optional<double> Seconds(size_t i) const {
    const std::optional<double> ticks = Field(i);
    if (!ticks.has_value()) return std::nullopt;
    return *ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

 private:
  std::vector<std::string> fields_;
};

std::optional<double> CpuSeconds(const ProcessStat& stat) {
  const std::optional<double> user = stat.Seconds(kUserTicks);
  const std::optional<double> system = stat.Seconds(kSystemTicks);
  if (!user.has_value() || !system.has_value()) return std::nullopt;
  return *user + *system;
}

std::optional<double> ResidentBytes(const ProcessStat& stat) {
  const std::optional<double> pages = stat.Field(kResidentPages);
  if (!pages.has_value()) return std::nullopt;
  return *pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Unix time at which the host booted, from which starts are counted.
std::optional<double> BootTime() {
  const std::string stat = ContentOf("/proc/stat");
  for (absl::string_view line : absl::StrSplit(stat, '\n')) {
    double seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") && absl::SimpleAtod(line, &seconds)) return seconds;
  }
  return std::nullopt;
}

std::optional<double> StartTime(const ProcessStat& stat) {
  const std::optional<double> boot = BootTime();
  const std::optional<double> after_boot = stat.Seconds(kStartTicks);
  if (!boot.has_value() || !after_boot.has_value()) return std::nullopt;
  return *boot + *after_boot;
}

std::optional<double> OpenDescriptors() {
  std::error_code error;
  std::filesystem::directory_iterator each("/proc/self/fd", error);
  double count = -1;  // Without the one that reads the directory.
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) ++count;
  if (error) return std::nullopt;
  return count;
}

std::optional<double> MaxDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

class ProcessFamilies {
 public:
  void Add(const char* name, const char* help, MetricType type, std::optional<double> value) {
    if (!value.has_value()) return;
    MetricFamily family{.name = name, .help = help, .type = type, .metric = {{}}};
    (type == MetricType::Counter ? family.metric[0].counter.value : family.metric[0].gauge.value) =
        *value;
    all_.push_back(std::move(family));
  }
  std::vector<MetricFamily> Take() && { return std::move(all_); }

 private:
  std::vector<MetricFamily> all_;
};

}  // namespace

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  const ProcessStat stat;
  ProcessFamilies families;
  families.Add("process_cpu_seconds_total", "Seconds of CPU, user and system.", MetricType::Counter,
               CpuSeconds(stat));
  families.Add("process_resident_memory_bytes", "Memory in RAM.", MetricType::Gauge,
               ResidentBytes(stat));
  families.Add("process_virtual_memory_bytes", "Memory that is mapped.", MetricType::Gauge,
               stat.Field(kVirtualBytes));
  families.Add("process_open_fds", "Open file descriptors.", MetricType::Gauge, OpenDescriptors());
  families.Add("process_max_fds", "Open file descriptors that are allowed.", MetricType::Gauge,
               MaxDescriptors());
  families.Add("process_start_time_seconds", "When it started, in Unix time.", MetricType::Gauge,
               StartTime(stat));
  families.Add("process_threads", "Threads.", MetricType::Gauge, stat.Field(kThreadCount));
  return std::move(families).Take();
}

}  // namespace pcaps
