// Hosts, the cuts between them, and streams that behave like one direction of a
// TCP connection: in order, never losing a message while the connection lives,
// silent while the path is cut, delivering late if it heals in time.
//
//   Network net(queue, seed);
//   HostId a = net.add_host("s0"), b = net.add_host("g0n1");
//   auto stream = Stream::open(net, a, b);
//   stream->send([&] { b_received(); });
//   net.cut(a, b);  // One direction.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/rng.h"
#include "tests/sim/event_queue.h"

namespace sentinel::sim {

using HostId = Strong<struct HostIdTag, std::size_t>;

class Stream;

class Network {
 public:
  Network(EventQueue& queue, std::uint64_t seed, Millis delay_max);
  // Breaks what is still open: messages in flight hold those who sent them.
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  HostId add_host(std::string name);
  std::size_t hosts() const { return names_.size(); }
  const std::string& name(HostId host) const { return names_[host.value]; }

  // Whether a packet from `from` arrives at `to` now. A host reaches itself.
  bool reaches(HostId from, HostId to) const { return cuts_[index(from, to)] == 0; }
  bool connected(HostId a, HostId b) const { return reaches(a, b) && reaches(b, a); }

  // Cuts nest: as many heals as cuts make the path whole.
  void cut(HostId from, HostId to) { ++cuts_[index(from, to)]; }
  void heal(HostId from, HostId to);

  // Everything to and from the host takes this much longer. Zero: normal again.
  void slow_down(HostId host, Millis extra) { extra_[host.value] = extra; }

  Millis delay(HostId from, HostId to);
  EventQueue& queue() { return queue_; }

 private:
  friend class Stream;
  void remember(std::weak_ptr<Stream> stream);
  std::size_t index(HostId from, HostId to) const { return from.value * kHostsMax + to.value; }

  static constexpr std::size_t kHostsMax = 64;
  EventQueue& queue_;
  Rng rng_;
  Millis delay_max_;
  std::vector<std::string> names_;
  std::vector<int> cuts_;
  std::vector<Millis> extra_;
  std::vector<std::weak_ptr<Stream>> streams_;
  std::size_t prune_at_ = 64;
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  static std::shared_ptr<Stream> open(Network& net, HostId from, HostId to);

  // `deliver` runs at the other end, unless the stream breaks before.
  void send(EventQueue::Handler deliver);

  // Loses everything in flight; later sends go nowhere.
  void break_off();
  bool broken() const { return broken_; }

  // How long the oldest message has been waiting for a cut path; zero if none waits.
  Millis stuck() const;

 private:
  Stream(Network& net, HostId from, HostId to) : net_(net), from_(from), to_(to) {}
  void schedule(TimePoint when);
  void pump();

  struct Message {
    TimePoint arrival;
    EventQueue::Handler deliver;
  };
  Network& net_;
  HostId from_;
  HostId to_;
  bool broken_ = false;
  bool scheduled_ = false;
  TimePoint last_arrival_{};
  TimePoint stuck_since_ = kNever;
  std::deque<Message> messages_;
};

}  // namespace sentinel::sim
