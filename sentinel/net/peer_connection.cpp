#include "sentinel/net/peer_connection.h"

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <utility>

#include "sentinel/net/stock_session.h"

namespace sentinel {
namespace {

using namespace std::string_literals;
constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kPeerReadBytes = 64 * 1024;
constexpr int kPeerReadsMax = 16;  // In a row, before other connections get their turn.
constexpr std::size_t kIdCharacters = 40;
constexpr std::size_t kAnnouncedHostBytesMax = 255;
constexpr std::size_t kPeerDepthMax = 1;  // Frames are flat.

}  // namespace

bool is_node_id(const std::string& text) {
  return text.size() == kIdCharacters &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<PeerIdentity> read_identity(const Words& words) {
  if (words.size() < 7) return unexpected("too few words"s);
  if (!is_node_id(words[3])) return unexpected("id is not 40 lower-case hex characters"s);
  const std::string& host = words[4];
  if (host.empty() || host.size() > kAnnouncedHostBytesMax) return unexpected("no usable host"s);
  const auto port = parse_unsigned(words[5], 65535);
  if (!port || *port == 0) return unexpected("port is not in 1..65535"s);
  if (words[6].size() > kPeerVersionBytesMax) return unexpected("version is too long"s);
  return PeerIdentity{.id = NodeId{words[3]},
                      .announced = {.host = host, .port = static_cast<std::uint16_t>(*port)},
                      .version = words[6]};
}

Words identity_words(const std::string& verb, const PeerIdentity& identity) {
  return {"SENTINEL",
          "PEER",
          verb,
          identity.id.value,
          identity.announced.host,
          std::to_string(identity.announced.port),
          identity.version};
}

PeerConnection::PeerConnection(Stream stream, std::string unread, OnReply on_reply)
    : stream_(std::move(stream)),
      on_reply_(std::move(on_reply)),
      parser_({.bytes_max = kPeerFrameBytesMax, .depth_max = kPeerDepthMax}),
      last_heard_(std::chrono::steady_clock::now()) {
  parser_.feed(unread);
  asio::error_code error;
  const auto remote = stream_.socket().remote_endpoint(error);
  if (!error) remote_ = to_string(Endpoint{remote.address().to_string(), remote.port()});
}

PeerConnection::~PeerConnection() = default;

std::string PeerConnection::local_ip() const {
  asio::error_code error;
  const auto local = stream_.socket().local_endpoint(error);
  return error ? std::string() : local.address().to_string();
}

void PeerConnection::send(const Words& words) {
  if (closed() || why_closing_) return;
  if (queue_.size() >= kPeerQueueFramesMax) {
    // What is said is said once: a gap must not go unnoticed. The next
    // connection begins with the whole state.
    dropped_frames_ += queue_.size();
    queue_.clear();
    return close("it does not read what we send");
  }
  append_command(queue_.emplace_back(), words);
  flush();
}

void PeerConnection::send_error(const std::string& words) {
  if (closed() || why_closing_) return;
  queue_.push_back("-" + words + "\r\n");
  flush();
}

void PeerConnection::flush() {
  if (closed() || !sending_.empty()) return;
  if (queue_.empty()) {
    if (why_closing_) close(*why_closing_);
    return;
  }
  for (const std::string& frame : queue_) sending_ += frame;
  queue_.clear();
  asio::async_write(stream_, asio::buffer(sending_), [self = shared_from_this()](asio::error_code error, std::size_t) {
    self->sending_.clear();
    if (error) return self->close("write failed: " + error.message());
    self->flush();
  });
}

asio::awaitable<std::string> PeerConnection::run() {
  const auto self = shared_from_this();
  asio::error_code error;
  handle_all();
  while (!closed()) {
    if (!stream_.has_unread()) co_await stream_.async_wait_readable(kTuple);
    // To the end, or nearly: a busy process looks at thousands of nodes between two looks at this socket, and a
    // vote that is read late is a vote that times out.
    for (int reads = 0; reads < kPeerReadsMax && !closed() && read_once(); ++reads) {
    }
  }
  co_return *why_closed_;
}

// False if nothing more is there now.
bool PeerConnection::read_once() {
  static thread_local std::array<char, kPeerReadBytes> buffer;
  asio::error_code error;
  const std::size_t bytes = stream_.read_some(asio::buffer(buffer), error);
  if (error == asio::error::would_block) return false;
  if (error) {
    close(error == asio::error::eof ? "connection closed" : error.message());
    return false;
  }
  last_heard_ = std::chrono::steady_clock::now();
  parser_.feed({buffer.data(), bytes});
  handle_all();
  return bytes == buffer.size() || stream_.encrypted();
}

void PeerConnection::handle_all() {
  while (!closed()) {
    const auto next = parser_.next();
    if (!next) return close_malformed(next.error());
    if (!*next) return;
    on_reply_(*this, **next);
  }
}

void PeerConnection::close(std::string why) {
  if (closed()) return;
  why_closed_ = std::move(why);
  stream_.close();
}

void PeerConnection::close_malformed(const std::string& what) {
  if (closed()) return;
  malformed_ = true;
  close("malformed frame: " + what);
}

void PeerConnection::close_when_sent(std::string why) {
  if (closed()) return;
  if (!why_closing_) why_closing_ = std::move(why);
  flush();
}

}  // namespace sentinel
