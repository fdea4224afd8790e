// Buckets of a histogram, from a constant that is made when it is compiled.
#pragma once

#include <prometheus/histogram.h>

#include <cstddef>
#include <iterator>

namespace pcaps {

template <size_t N>
prometheus::Histogram::BucketBoundaries BucketsOf(const double (&bounds)[N]) {
  return {std::begin(bounds), std::end(bounds)};
}

}  // namespace pcaps
