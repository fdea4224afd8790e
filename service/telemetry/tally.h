// Tally: numbers that all threads count into at the pace of calls, and that are taken now and then.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pcaps {

// Counting is a few instructions in place: a counter of a library is a call into code that is
// seldom in the caches, and waits for the line of memory that another thread has just written. So
// threads have places of their own, which Take() adds up.
template <size_t N>
class Tally {
 public:
  // Any thread.
  void Add(size_t which, int64_t n = 1) {
    places_[PlaceOfThread()].numbers[which].fetch_add(n, std::memory_order_release);
  }

  // What has been added since it was taken last. What a thread has added to other numbers before it
  // added to this one is found in those that are taken later. Any thread.
  int64_t Take(size_t which) {
    int64_t sum = 0;
    for (Place& place : places_) sum += place.numbers[which].exchange(0, std::memory_order_acquire);
    return sum;
  }

 private:
  // Of more than gRPC runs on the few processors of a pod: threads that share a place wait for each
  // other, no more.
  static constexpr size_t kPlaces = 16;
  static constexpr size_t kLineBytes = 64;  // Of a processor's cache.

  struct alignas(kLineBytes) Place {
    std::array<std::atomic<int64_t>, N> numbers = {};
  };

  static size_t PlaceOfThread() {
    static std::atomic<size_t> threads = 0;
    thread_local const size_t place = threads++ % kPlaces;
    return place;
  }

  std::array<Place, kPlaces> places_;
};

}  // namespace pcaps
