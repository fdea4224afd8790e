// What Prometheus would read from a gateway.
#pragma once

#include <map>
#include <set>
#include <string>

#include "tests/integration/support/gateway.h"

namespace pcaps::integration {

// One scrape, in Prometheus's text format.
class ScrapedMetrics {
 public:
  explicit ScrapedMetrics(const std::string& text);
  // Of a gateway, now.
  static ScrapedMetrics Of(const Gateway& gateway) {
    return ScrapedMetrics(gateway.Admin("/metrics").body);
  }

  // The same once each call that has begun has ended: a caller has his answer a moment before.
  static ScrapedMetrics WhenIdle(const Gateway& gateway);

  // Of one series, written as in the text: `name{label="value"}`. Fails the test where there is
  // none.
  double operator[](const std::string& series) const;
  bool Has(const std::string& series) const { return values_.count(series) > 0; }

  // The sum of all series of a name.
  double Sum(const std::string& name) const;

  // One line each: name, type, and of each label its values; the buckets of a histogram are left
  // out.
  std::string Families() const;
  const std::map<std::string, double>& values() const { return values_; }

 private:
  std::map<std::string, double> values_;
  std::map<std::string, std::string> types_;
};

}  // namespace pcaps::integration
