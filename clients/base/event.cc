#include "clients/base/event.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pcaps {

Task<void> Event::Wait() {
  boost::asio::steady_timer never(loop_, boost::asio::steady_timer::time_point::max());
  co_await WaitOn(never);
}

Task<void> Event::WaitOn(boost::asio::steady_timer& timer) {
  const auto place = waiting_.insert(waiting_.end(), &timer);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  waiting_.erase(place);
}

void Event::Notify() {
  for (boost::asio::steady_timer* timer : waiting_) timer->cancel();
}

}  // namespace pcaps
