#include "service/telemetry/process_metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstring>
#include <map>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/rpc/connections/descriptor.h"

namespace pcaps {
namespace {

std::map<std::string, double> Values() {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : ProcessMetrics().Collect()) {
    const bool counts = family.type == prometheus::MetricType::Counter;
    EXPECT_EQ(family.metric.size(), 1U) << family.name;
    values[family.name] =
        counts ? family.metric.at(0).counter.value : family.metric.at(0).gauge.value;
  }
  return values;
}

double CpuSecondsTaken() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime) +
                               absl::DurationFromTimeval(usage.ru_stime));
}

TEST(ProcessMetrics, AreWhatPrometheusReads) {
  const std::string text = prometheus::TextSerializer().Serialize(ProcessMetrics().Collect());
  for (const char* const line :
       {"# TYPE process_cpu_seconds_total counter\n",
        "# TYPE process_resident_memory_bytes gauge\n",
        "# TYPE process_virtual_memory_bytes gauge\n", "# TYPE process_open_fds gauge\n",
        "# TYPE process_max_fds gauge\n", "# TYPE process_start_time_seconds gauge\n",
        "# TYPE process_threads gauge\n"}) {
    EXPECT_THAT(text, testing::HasSubstr(line));
  }
}

TEST(ProcessMetrics, CountTheProcessorsTime) {
  while (CpuSecondsTaken() < 0.1) {
  }
  const double value = Values()["process_cpu_seconds_total"];
  EXPECT_GE(value, 0.1 - 0.02);  // It has two parts that are each cut to hundredths.
  EXPECT_LE(value, CpuSecondsTaken() + 0.02);
}

TEST(ProcessMetrics, SeeMemoryThatIsUsed) {
  constexpr size_t kBytes = 64 << 20;
  constexpr double kSome = 0.9 * kBytes;  // Something else may have become less meanwhile.
  auto before = Values();
  void* const memory =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto mapped = Values();
  EXPECT_GE(mapped["process_virtual_memory_bytes"], before["process_virtual_memory_bytes"] + kSome);
  EXPECT_LT(mapped["process_resident_memory_bytes"],
            before["process_resident_memory_bytes"] + kSome);
  std::memset(memory, 1, kBytes);
  auto used = Values();
  EXPECT_GE(used["process_resident_memory_bytes"], before["process_resident_memory_bytes"] + kSome);
  munmap(memory, kBytes);
}

TEST(ProcessMetrics, CountDescriptorsAndTheirLimit) {
  const double before = Values()["process_open_fds"];
  {
    const Descriptor one(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor two = one.Duplicate();
    EXPECT_EQ(Values()["process_open_fds"], before + 2);
  }
  EXPECT_EQ(Values()["process_open_fds"], before);

  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(Values()["process_max_fds"], static_cast<double>(limit.rlim_cur));
}

TEST(ProcessMetrics, CountThreads) {
  double with_one = 0;
  double with_two = 0;
  std::thread([&] {  // A first thread may bring others: the thread sanitizer's.
    with_one = Values()["process_threads"];
    std::thread([&] { with_two = Values()["process_threads"]; }).join();
  })
      .join();
  EXPECT_GE(with_one, 2);
  EXPECT_EQ(with_two, with_one + 1);
}

TEST(ProcessMetrics, KnowWhenItStarted) {
  const double start = Values()["process_start_time_seconds"];
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  EXPECT_LE(start, now + 1);  // The host's boot is known to the second.
  EXPECT_GE(start, now - 3600);
  EXPECT_EQ(Values()["process_start_time_seconds"], start);
}

}  // namespace
}  // namespace pcaps
