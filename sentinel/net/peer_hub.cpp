#include "sentinel/net/peer_hub.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <map>
#include <utility>

#include "sentinel/net/dial.h"
#include "sentinel/net/keep_alive.h"
#include "sentinel/net/peer_connection.h"
#include "sentinel/net/peer_target.h"
#include "sentinel/net/spawn.h"
#include "sentinel/net/stock_session.h"

namespace sentinel {
namespace {

using namespace std::string_literals;
constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);
using Time = PeerConnection::Time;
using ConnectionPtr = std::shared_ptr<PeerConnection>;

Time now() { return std::chrono::steady_clock::now(); }

Words peer_frame(Words words) {
  words.insert(words.begin(), {"SENTINEL", "PEER"});
  return words;
}

bool is_peer_frame(const Words& words) { return words.size() >= 3 && words[0] == "SENTINEL" && words[1] == "PEER"; }

}  // namespace

class PeerHub::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor executor, std::function<void(Input)> sink, PeerOptions options)
      : executor_(std::move(executor)), sink_(std::move(sink)), options_(std::move(options)), beat_timer_(executor_) {}

  void start() {
    next_beat_ = now() + kBeatPeriod;
    spawn(executor_, "peer_hub beats", keep_alive(shared_from_this(), beat()));
  }

  void stop() {
    stopped_ = true;
    beat_timer_.cancel();
    for (const auto& [at, target] : targets_) target->stop();
    for (const ConnectionPtr& connection : connections_) connection->close("shutting down");
  }

  void dial(const Endpoint& at) {
    if (targets_.contains(at)) return;
    const auto target = std::make_shared<PeerTarget>(executor_, at, [weak = weak_from_this()](HostResolved found) {
      if (const auto self = weak.lock()) self->tell(std::move(found));
    });
    targets_.emplace(at, target);
    spawn(executor_, "peer_hub dial " + to_string(at), keep_alive(shared_from_this(), keep_dialing(target)));
  }

  void drop(const Endpoint& at) {
    const auto found = targets_.find(at);
    if (found == targets_.end()) return;
    found->second->stop();
    targets_.erase(found);
  }

  void send(const NodeId& to, const PeerMessage& message) {
    const ConnectionPtr connection = best_connection(to);
    if (connection) connection->send(peer_frame(encode(message)));
  }

  // The newest connection to this stock sentinel; nullptr if there is none.
  StockSession* stock(const NodeId& id) const {
    for (auto it = connections_.rbegin(); it != connections_.rend(); ++it)
      if ((*it)->stock && (*it)->stock->id() == id && !(*it)->closed()) return (*it)->stock.get();
    return nullptr;
  }

  void adopt(Stream stream, std::string unread, Words words) {
    const auto connection = std::make_shared<PeerConnection>(std::move(stream), std::move(unread), reply_handler());
    spawn(executor_, "peer_hub accept " + connection->remote(),
          keep_alive(shared_from_this(), serve_inbound(connection, std::move(words))));
  }

  void close_inbound(const std::string& why) {
    for (const ConnectionPtr& connection : connections_) {
      if (!connection->dialed) connection->close(why);
    }
  }
  void set_announced(Endpoint at) { options_.announced = std::move(at); }

  void set_credentials(PeerCredentials credentials) {
    if (credentials == options_.credentials) return;
    options_.credentials = std::move(credentials);
    for (const auto& [at, target] : targets_) {
      if (target->connection) target->connection->close("credentials changed");
      target->wake.cancel();  // Who refused the old ones is asked again at once.
    }
  }

  std::size_t connections() const {
    return static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(),
                      [](const ConnectionPtr& it) { return is_established(*it) && !it->closed(); }));
  }
  std::uint64_t dropped_frames() const {
    std::uint64_t sum = dropped_frames_;
    for (const ConnectionPtr& connection : connections_) sum += connection->dropped_frames();
    return sum;
  }
  std::uint64_t malformed_frames() const { return malformed_frames_; }

 private:
  asio::awaitable<void> keep_dialing(std::shared_ptr<PeerTarget> target) {
    auto wait = kRedialFirst;
    while (!stopped_ && !target->stopped) {
      const Time started = now();
      target->stranger = false;
      const bool was_up = co_await dial_once(*target);
      if (stopped_ || target->stopped) break;
      if (was_up) wait = kRedialFirst;
      target->wake.expires_at(started + (target->stranger ? kRedialStranger : wait));
      if (!was_up) wait = std::min(wait * 2, kRedialMax);
      co_await target->wake.async_wait(kTuple);
    }
  }

  // One connection from its beginning to its end. true: it was established.
  asio::awaitable<bool> dial_once(PeerTarget& target) {
    Dialed dialed = co_await ::sentinel::dial(executor_, target.addresses, options_.dialing);
    if (stopped_ || target.stopped) co_return false;
    if (!dialed) {
      // An unreachable peer is no news here; a refused certificate is an operator's mistake.
      if (dialed.error().cause == DownCause::Failed &&
          std::exchange(target.last_refusal, dialed.error().text) != dialed.error().text)
        spdlog::warn("peer {}: {}", to_string(target.at), dialed.error().text);
      co_return false;
    }
    const auto connection = std::make_shared<PeerConnection>(std::move(*dialed), std::string(), reply_handler());
    connection->dialed = target.at;
    target.connection = connection;
    connections_.push_back(connection);
    if (const PeerCredentials& ours = options_.credentials; !ours.password.empty()) {
      connection->awaits_auth = true;
      connection->send(ours.user.empty() ? Words{"AUTH", ours.password} : Words{"AUTH", ours.user, ours.password});
    }
    connection->send(identity_words("HELLO", ourselves(*connection)));
    const std::string why = co_await connection->run();
    target.connection.reset();
    const bool was_up = is_established(*connection);
    // It refused PEER HELLO and was no stock sentinel either.
    if (connection->stock && !was_up) note_stranger(target, why);
    lost(connection, why);
    co_return was_up;
  }

  asio::awaitable<void> serve_inbound(ConnectionPtr connection, Words words) {
    if (stopped_) co_return;
    connections_.push_back(connection);
    greet_inbound(connection, words);
    const std::string why = co_await connection->run();
    lost(connection, why);
  }

  void greet_inbound(const ConnectionPtr& connection, const Words& words) {
    const auto identity = is_peer_frame(words) && words[2] == "HELLO" ? read_identity(words)
                                                                      : Result<PeerIdentity>(unexpected("no HELLO"s));
    if (!identity) {
      ++malformed_frames_;
      spdlog::warn("peer {}: malformed HELLO: {}", connection->remote(), identity.error());
      connection->send_error("ERR SENTINEL PEER HELLO: " + identity.error());
      return connection->close_when_sent("malformed HELLO");
    }
    connection->send(identity_words("WELCOME", ourselves(*connection)));
    if (identity->id == options_.self) return connection->close_when_sent("it is ourselves");
    make_room_for_inbound(identity->id);
    if (inbound_count(nullptr) >= kInboundMax) return connection->close_when_sent("too many inbound peers");
    established(*connection, *identity);
  }

  // Who is told no address to announce is where the peer reached it, or was reached from.
  PeerIdentity ourselves(const PeerConnection& connection) const {
    Endpoint announced = options_.announced;
    if (announced.host.empty()) announced.host = connection.local_ip();
    return {options_.self, std::move(announced), options_.version};
  }

  PeerConnection::OnReply reply_handler() {
    return [this](PeerConnection& connection, const Reply& reply) { on_reply(connection, reply); };
  }

  // Established inbound connections, of one peer or of all.
  std::size_t inbound_count(const NodeId* id) const {
    return static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(), [&](const ConnectionPtr& it) {
          return it->identity && !it->dialed && !it->closed() && (id == nullptr || it->identity->id == *id);
        }));
  }

  void make_room_for_inbound(const NodeId& id) {
    if (inbound_count(&id) < kInboundPerPeerMax) return;
    const auto oldest = std::find_if(connections_.begin(), connections_.end(), [&](const ConnectionPtr& it) {
      return it->identity && !it->dialed && !it->closed() && it->identity->id == id;
    });
    (*oldest)->close("replaced by a newer connection");
  }

  // Our own dialed one, else the newest inbound one.
  ConnectionPtr best_connection(const NodeId& id) const {
    ConnectionPtr best;
    for (const ConnectionPtr& connection : connections_) {
      if (!connection->identity || connection->identity->id != id || connection->closed()) continue;
      if (connection->dialed) return connection;
      best = connection;
    }
    return best;
  }

  static bool is_established(const PeerConnection& connection) {
    return connection.identity || (connection.stock && connection.stock->id());
  }

  void tell(Input input) {
    if (!stopped_) sink_(std::move(input));
  }

  void established(PeerConnection& connection, const PeerIdentity& identity) {
    const bool known = std::any_of(connections_.begin(), connections_.end(), [&](const ConnectionPtr& other) {
      return other->identity && other->identity->id == identity.id;
    });
    connection.identity = identity;
    connection.send(peer_frame({"BEAT"}));
    // Told for each connection: a new one may lead to a new run of the process.
    if (!known)
      spdlog::info("peer {} is up at {}, version {}", identity.id.value, connection.remote(), identity.version);
    tell(PeerUp{.id = identity.id, .announced = identity.announced, .dialed = connection.dialed});
  }

  void lost(const ConnectionPtr& connection, const std::string& why) {
    dropped_frames_ += connection->dropped_frames();
    std::erase(connections_, connection);
    if (connection->malformed()) {
      ++malformed_frames_;
      spdlog::warn("peer {}: {}", connection->remote(), why);
    }
    if (connection->stock) return lost_stock(*connection, why);
    if (!connection->identity || stopped_) return;
    const NodeId id = connection->identity->id;
    spdlog::debug("peer {} at {}: {}", id.value, connection->remote(), why);
    const bool others = std::any_of(connections_.begin(), connections_.end(),
                                    [&](const ConnectionPtr& it) { return it->identity && it->identity->id == id; });
    if (others) return;
    spdlog::info("peer {} is gone: {}", id.value, why);
    tell(PeerDown{.id = id});
  }

  void lost_stock(const PeerConnection& connection, const std::string& why) {
    const auto& id = connection.stock->id();
    if (!id || stopped_ || stock(*id) != nullptr) return;
    spdlog::info("stock sentinel {} is gone: {}", id->value, why);
    tell(StockDown{.id = *id});
  }

  void on_reply(PeerConnection& connection, const Reply& reply) {
    if (connection.stock) return connection.stock->on_reply(reply);
    if (connection.awaits_auth) {
      connection.awaits_auth = false;
      if (!reply.is_error() || needs_no_password(reply.text)) return;
    }
    if (reply.is_error() && connection.dialed) return refused(connection, reply.text);
    const auto words = words_of(reply);
    if (!words || !is_peer_frame(*words)) return connection.close_malformed("not a peer's frame");
    if (!connection.identity) return on_welcome(connection, *words);
    on_frame(connection, *words);
  }

  // Somebody answered who is no Vigil, or does not let us in. "ERR unknown subcommand" is a stock sentinel's word
  // for HELLO; whether it is one, its id tells.
  void refused(PeerConnection& connection, const std::string& words) {
    if (words.starts_with("ERR") && !connection.identity) {
      connection.stock = std::make_unique<StockSession>(connection, options_.self, [this](Input input) {
        if (const auto* up = std::get_if<StockUp>(&input))
          spdlog::info("stock sentinel {} is up at {}", up->id.value, to_string(up->dialed));
        tell(std::move(input));
      });
      return connection.stock->start();
    }
    if (const auto target = targets_.find(*connection.dialed); target != targets_.end())
      note_stranger(*target->second, words);
    connection.close("refused: " + words);
  }

  void note_stranger(PeerTarget& target, const std::string& words) {
    target.stranger = true;
    if (std::exchange(target.last_refusal, words) != words)
      spdlog::warn("{} is not counted as a peer: {}", to_string(target.at), words);
  }

  void on_welcome(PeerConnection& connection, const Words& words) {
    if (words[2] != "WELCOME" || !connection.dialed) return connection.close_malformed("no WELCOME");
    const auto identity = read_identity(words);
    if (!identity) return connection.close_malformed(identity.error());
    if (identity->id == options_.self) return refused(connection, "this address is our own");
    established(connection, *identity);
  }

  void on_frame(PeerConnection& connection, const Words& words) {
    const NodeId id = connection.identity->id;
    if (words[2] == "BEAT") return connection.send(peer_frame({"BEATEN"}));
    if (words[2] == "BEATEN") return tell(PeerAlive{.id = id});
    auto message = decode(Words(words.begin() + 2, words.end()));
    if (message) return tell(PeerReceived{.id = id, .message = std::move(*message)});
    // A newer peer may know more messages than we do. Closing would cut a rolling upgrade in two.
    if (message.error().starts_with("unknown message")) return;
    connection.close_malformed(message.error());
  }

  asio::awaitable<void> beat() {
    while (!stopped_) {
      beat_timer_.expires_at(next_beat_);
      co_await beat_timer_.async_wait(kTuple);
      if (stopped_) break;
      const Time at = now();
      // Silence that we did not listen to is not evidence: after a stall of our own everybody gets another chance.
      const bool stalled = at - next_beat_ > kBeatPeriod;
      next_beat_ = at + kBeatPeriod;
      for (const ConnectionPtr& connection : connections_) {
        if (stalled) connection->forgive_silence(at);
        const auto silence = at - connection->last_heard();
        if (silence > (connection->stock ? kStockSilenceMax : kPeerSilenceMax)) {
          connection->close("silent for too long");
        } else if (connection->stock) {
          connection->stock->ping_if_due(at);
        } else if (connection->identity) {
          connection->send(peer_frame({"BEAT"}));
        }
      }
    }
  }

  asio::any_io_executor executor_;
  std::function<void(Input)> sink_;
  PeerOptions options_;
  asio::steady_timer beat_timer_;
  Time next_beat_;
  std::map<Endpoint, std::shared_ptr<PeerTarget>> targets_;
  std::vector<ConnectionPtr> connections_;  // In the order they came.
  std::uint64_t dropped_frames_ = 0;        // Of connections that are gone.
  std::uint64_t malformed_frames_ = 0;
  bool stopped_ = false;
};

PeerHub::PeerHub(asio::any_io_executor executor, std::function<void(Input)> sink, PeerOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(sink), std::move(options))) {
  impl_->start();
}

PeerHub::~PeerHub() { impl_->stop(); }

void PeerHub::dial(const Endpoint& at) { impl_->dial(at); }
void PeerHub::drop(const Endpoint& at) { impl_->drop(at); }
void PeerHub::send(const NodeId& to, const PeerMessage& message) { impl_->send(to, message); }
void PeerHub::ask(const AskStockView& question) {
  if (StockSession* stock = impl_->stock(question.to)) stock->ask(question);
}
void PeerHub::ask(const AskStockConfig& question) {
  if (StockSession* stock = impl_->stock(question.to)) stock->ask(question);
}
void PeerHub::tell(const TellStock& hello) {
  if (StockSession* stock = impl_->stock(hello.to)) stock->tell(hello);
}
void PeerHub::adopt(Stream stream, std::string unread, std::vector<std::string> words) {
  impl_->adopt(std::move(stream), std::move(unread), std::move(words));
}
void PeerHub::close_inbound(const std::string& why) { impl_->close_inbound(why); }
void PeerHub::set_credentials(PeerCredentials credentials) { impl_->set_credentials(std::move(credentials)); }
void PeerHub::set_announced(Endpoint at) { impl_->set_announced(std::move(at)); }
std::size_t PeerHub::connections() const { return impl_->connections(); }
std::uint64_t PeerHub::dropped_frames() const { return impl_->dropped_frames(); }
std::uint64_t PeerHub::malformed_frames() const { return impl_->malformed_frames(); }

}  // namespace sentinel
