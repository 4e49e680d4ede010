#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

// How long TCP waits before it tries again over a path that was cut.
constexpr Millis kRetransmit = 150ms;

}  // namespace

Network::Network(EventQueue& queue, std::uint64_t seed, Millis delay_max)
    : queue_(queue), rng_(seed), delay_max_(delay_max), cuts_(kHostsMax * kHostsMax, 0) {}

HostId Network::add_host(std::string name) {
  CHECK(names_.size() < kHostsMax);
  names_.push_back(std::move(name));
  extra_.push_back(0ms);
  return HostId{names_.size() - 1};
}

void Network::heal(HostId from, HostId to) {
  CHECK(cuts_[index(from, to)] > 0);
  --cuts_[index(from, to)];
}

Millis Network::delay(HostId from, HostId to) {
  const Millis extra = std::max(extra_[from.value], extra_[to.value]);
  return 1ms + rng_.jitter(delay_max_) + (extra > 0ms ? extra / 2 + rng_.jitter(extra) : 0ms);
}

Network::~Network() {
  for (const auto& weak : streams_)
    if (const auto stream = weak.lock()) stream->break_off();
}

void Network::remember(std::weak_ptr<Stream> stream) {
  if (streams_.size() >= prune_at_) {
    std::erase_if(streams_, [](const auto& weak) { return weak.expired(); });
    prune_at_ = std::max<std::size_t>(64, streams_.size() * 2);
  }
  streams_.push_back(std::move(stream));
}

std::shared_ptr<Stream> Stream::open(Network& net, HostId from, HostId to) {
  std::shared_ptr<Stream> stream(new Stream(net, from, to));
  net.remember(stream);
  return stream;
}

void Stream::send(EventQueue::Handler deliver) {
  if (broken_) return;
  last_arrival_ = std::max(last_arrival_, net_.queue().now() + net_.delay(from_, to_));
  messages_.push_back({last_arrival_, std::move(deliver)});
  if (!scheduled_) schedule(last_arrival_);
}

void Stream::break_off() {
  broken_ = true;
  messages_.clear();
  stuck_since_ = kNever;
}

Millis Stream::stuck() const { return stuck_since_ == kNever ? 0ms : net_.queue().now() - stuck_since_; }

void Stream::schedule(TimePoint when) {
  scheduled_ = true;
  net_.queue().at(when, [self = shared_from_this()] {
    self->scheduled_ = false;
    self->pump();
  });
}

void Stream::pump() {
  const TimePoint now = net_.queue().now();
  if (!broken_ && !messages_.empty() && !net_.reaches(from_, to_)) {
    if (stuck_since_ == kNever) stuck_since_ = now;
    schedule(now + kRetransmit);
    return;
  }
  stuck_since_ = kNever;
  while (!messages_.empty() && messages_.front().arrival <= now) {
    EventQueue::Handler deliver = std::move(messages_.front().deliver);
    messages_.pop_front();
    deliver();
  }
  if (!messages_.empty() && !scheduled_) schedule(std::max(now, messages_.front().arrival));
}

}  // namespace sentinel::sim
