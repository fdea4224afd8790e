#include "service/gateway/upstream_budget.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>

#include "clients/base/error.h"

namespace pcaps {
namespace {

// A closing may end early, by another replica's probe: it is asked after this often.
constexpr absl::Duration kClosedAgain = absl::Seconds(1);
// No refusal is shorter, or a line would spin.
constexpr absl::Duration kMinRetry = absl::Milliseconds(1);
constexpr absl::Duration kCrowdedRetry = absl::Seconds(1);
// Replicas whose lines wait for the same token come one after the other, not all at once.
constexpr double kJitter = 0.1;
constexpr absl::Duration kMaxJitter = absl::Milliseconds(50);
constexpr size_t kMinSweep = 256;

}  // namespace

// A place in a line, and the wish to be woken when it is the first. Given up when it goes.
class UpstreamBudget::Place {
 public:
  Place(Line& line, int& waiting, const Loop& loop)
      : line_(line),
        waiting_(waiting),
        turn_(loop),
        place_(line.waiting.insert(line.waiting.end(), &turn_)) {
    ++waiting_;
  }
  ~Place() {
    const bool first = IsFirst();
    line_.waiting.erase(place_);
    --waiting_;
    if (first && !line_.waiting.empty()) line_.waiting.front()->Notify();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  bool IsFirst() const { return line_.waiting.front() == &turn_; }
  Event& turn() { return turn_; }

 private:
  Line& line_;
  int& waiting_;
  Event turn_;
  const std::list<Event*>::iterator place_;
};

UpstreamBudget::UpstreamBudget(Loop control, SharedState& state, Clock& clock,
                               std::function<double()> uniform, UpstreamBudgetOptions options)
    : control_(std::move(control)),
      clock_(clock),
      uniform_(std::move(uniform)),
      options_(std::move(options)),
      ledger_(std::make_shared<BudgetLedger>(control_, state, options_.ledger)),
      sweep_at_(kMinSweep) {}

Task<absl::StatusOr<UpstreamLeave>> UpstreamBudget::Enter(UpstreamAsk ask) {
  const Loop here = co_await boost::asio::this_coro::executor;
  if (here == control_) co_return co_await Admit(std::move(ask));
  co_return co_await RunOn(control_, AdmitFor(shared_from_this(), std::move(ask)));
}

Task<absl::StatusOr<UpstreamLeave>> UpstreamBudget::AdmitFor(std::shared_ptr<UpstreamBudget> self,
                                                             UpstreamAsk ask) {
  co_return co_await self->Admit(std::move(ask));
}

void UpstreamBudget::Report(const UpstreamAsk& ask, const UpstreamLeave& leave,
                            const UpstreamVerdict& verdict) {
  boost::asio::dispatch(control_, [self = shared_from_this(), ask, leave, verdict] {
    self->Note(ask, leave, verdict);
  });
}

void UpstreamBudget::Note(const UpstreamAsk& ask, const UpstreamLeave& leave,
                          const UpstreamVerdict& verdict) {
  ledger_->Note(ask, leave, verdict);
  if (!leave.probe || verdict.http_status == 0 || verdict.http_status == 429) return;
  // It is open again: refusals that say otherwise are forgotten.
  for (auto& [key, line] : lines_) {
    if (line.budget != ask.budget || !line.closed) continue;
    line.ask_again = line.ready = clock_.Now();
    line.closed = false;
    if (!line.waiting.empty()) line.waiting.front()->Notify();
  }
}

UpstreamBudget::Kind UpstreamBudget::KindOf(const UpstreamAsk& ask) {
  switch (ask.purpose) {
    case Purpose::kRead:
      return Kind::kRead;
    case Purpose::kPoll:
      return Kind::kPoll;
    case Purpose::kWrite:
      break;
  }
  return IsCreate(ask) ? Kind::kCreate : Kind::kWrite;
}

absl::Time UpstreamBudget::PatienceEnd(const UpstreamAsk& ask) const {
  const absl::Time now = clock_.Now();
  switch (ask.purpose) {
    case Purpose::kPoll:
      return now;
    case Purpose::kRead:
      return std::min(ask.deadline, now + options_.read_patience);
    case Purpose::kWrite:
      break;
  }
  return std::min(ask.deadline, now + options_.write_patience);
}

Task<absl::StatusOr<UpstreamLeave>> UpstreamBudget::Admit(UpstreamAsk ask) {
  const absl::Time end = PatienceEnd(ask);
  const auto found = lines_.find({ask.account_id, KindOf(ask)});
  const bool has_line = found != lines_.end() && found->second.budget == ask.budget &&
                        (!found->second.waiting.empty() || found->second.ask_again > clock_.Now());
  if (!has_line) {
    const std::optional<UpstreamLeave> leave = co_await TryTake(ask);
    if (leave.has_value()) co_return *leave;
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the caller left");
  }
  co_return co_await WaitInLine(ask, end);
}

Task<absl::StatusOr<UpstreamLeave>> UpstreamBudget::WaitInLine(const UpstreamAsk& ask,
                                                               absl::Time end) {
  Line& line = LineOf(ask);
  if (clock_.Now() >= end || line.ready > end) co_return Refuse(line);
  // No account's line takes the places of all others.
  const size_t longest = static_cast<size_t>(std::max(options_.max_waiting / 4, 1));
  if (waiting_ >= options_.max_waiting || line.waiting.size() >= longest) {
    ++counts_.refused_crowded;
    co_return Refuse(line);
  }
  Place place(line, waiting_, control_);  // The line stays as long as there is one.
  ++counts_.waited;
  for (;;) {
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the caller left");
    const absl::Time now = clock_.Now();
    if (now >= end || line.ready > end) co_return Refuse(line);
    if (!place.IsFirst()) {
      co_await clock_.WaitUntil(place.turn(), end);
    } else if (now < line.ask_again) {
      co_await clock_.WaitUntil(place.turn(), std::min(line.ask_again, end));
    } else {
      const std::optional<UpstreamLeave> leave = co_await TryTake(ask);
      if (leave.has_value()) co_return *leave;
    }
  }
}

// Leave, or a refusal that the line remembers.
Task<std::optional<UpstreamLeave>> UpstreamBudget::TryTake(const UpstreamAsk& ask) {
  const absl::StatusOr<TakeResult> taken = co_await ledger_->Take(ask);
  if (!taken.ok()) co_return std::nullopt;  // The caller left.
  if (taken->granted < 1) {
    Remember(LineOf(ask), *taken);
    co_return std::nullopt;
  }
  ++counts_.granted;
  if (taken->probe) ++counts_.probes;
  UpstreamLeave leave{.began = taken->now, .probe = taken->probe};
  if (taken->probe) {
    for (const BucketClosing& closing : taken->closings) leave.probed.push_back(closing.key);
  }
  co_return leave;
}

UpstreamBudget::Line& UpstreamBudget::LineOf(const UpstreamAsk& ask) {
  const LineKey key{ask.account_id, KindOf(ask)};
  if (lines_.size() >= sweep_at_ && !lines_.contains(key)) {
    const absl::Time now = clock_.Now();
    std::erase_if(lines_, [now](const auto& entry) {
      return entry.second.waiting.empty() && entry.second.ask_again <= now;
    });
    sweep_at_ = std::max(2 * lines_.size(), kMinSweep);
  }
  Line& line = lines_[key];
  if (line.budget != ask.budget) {  // The account's credential has changed.
    line.budget = ask.budget;
    line.ask_again = line.ready = absl::InfinitePast();
  }
  return line;
}

void UpstreamBudget::Remember(Line& line, const TakeResult& refusal) {
  const absl::Time now = clock_.Now();
  const absl::Duration wait = std::max(refusal.retry_after, kMinRetry);
  line.closed = refusal.closed;
  line.ready = now + wait;
  if (refusal.closed) {
    line.ask_again = now + std::min(wait, kClosedAgain);
  } else {
    line.ask_again = line.ready + std::min(kJitter * wait, kMaxJitter) * uniform_();
  }
}

absl::Status UpstreamBudget::Refuse(const Line& line) {
  // Where others wait, the next token is theirs.
  const absl::Duration least = line.waiting.empty() ? kMinRetry : kCrowdedRetry;
  const absl::Duration wait = std::max(line.ready - clock_.Now(), least);
  if (line.closed) {
    ++counts_.refused_closed;
    return WithRetryAfter(
        MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
                  "the upstream has limited the rate; nothing was sent, call again later"),
        wait);
  }
  ++counts_.refused_spent;
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED,
                "the budget of upstream requests is spent; nothing was sent, call again later"),
      wait);
}

std::optional<absl::Duration> UpstreamBudget::SpentFor(const std::string& account_id,
                                                       Purpose purpose) const {
  const Kind kind = KindOf({.operation = Operation::kGetPcap, .purpose = purpose});
  const auto found = lines_.find({account_id, kind});
  if (found == lines_.end()) return std::nullopt;
  const Line& line = found->second;
  const absl::Duration left = std::max(line.ready - clock_.Now(), absl::ZeroDuration());
  if (line.waiting.empty() && line.ask_again <= clock_.Now()) return std::nullopt;
  return left;
}

}  // namespace pcaps
