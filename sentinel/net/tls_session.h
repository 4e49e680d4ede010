// The TLS side of one connection: OpenSSL over a non-blocking socket, one step
// at a time. Stream (stream.h) is what connections use.
//
//   asio::error_code error = session.handshake();
//   if (error == asio::error::would_block) wait until the socket is ready for session.waits_for(), then again
//
// Records go straight between OpenSSL and the socket. asio::ssl::stream was
// rejected: it keeps 34 KB of buffers a connection, copies every byte once more, and
// cannot be asked for what is there now without waiting.
//
// Threading: one executor, the socket's.
#pragma once

#include <asio/error_code.hpp>
#include <asio/socket_base.hpp>
#include <cstddef>
#include <memory>
#include <string>

struct ssl_st;
struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace sentinel {

enum class TlsRole { Accepting, Connecting };

class TlsSession {
 public:
  // The socket stays its owner's, outlives the session, and is non-blocking.
  TlsSession(ssl_ctx_st* context, int socket, TlsRole role);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // No error: it is complete. would_block: call again when the socket is ready.
  asio::error_code handshake();

  // Like tcp::socket's on a non-blocking socket. A write that returned would_block must be
  // repeated with the same bytes first; they may have moved.
  std::size_t read_some(char* data, std::size_t size, asio::error_code& error);
  std::size_t write_some(const char* data, std::size_t size, asio::error_code& error);

  // Bytes were decrypted already: the socket will not report them.
  bool has_unread() const;

  // What the socket must be ready for after would_block of a handshake or read, or of a write. Either
  // may need the other direction; the two are told apart, or a full socket would stop its reader, too.
  asio::socket_base::wait_type read_waits_for() const { return read_waits_for_; }
  asio::socket_base::wait_type write_waits_for() const { return write_waits_for_; }

  // Says goodbye (close_notify) if the socket takes it at once.
  void close_notify();

  // Why the handshake failed, for operators: the reason of a refused certificate, and whose it was.
  std::string why_failed(const asio::error_code& error) const;

 private:
  // What the BIO works on: has an address of its own.
  struct Socket {
    int descriptor = -1;
    bool ended = false;
  };
  struct SocketBio;

  static int on_verified(int good, x509_store_ctx_st* chain);
  asio::error_code error_of(int result, asio::socket_base::wait_type& waits_for);

  std::unique_ptr<Socket> socket_;
  ssl_st* ssl_ = nullptr;
  asio::socket_base::wait_type read_waits_for_ = asio::socket_base::wait_read;
  asio::socket_base::wait_type write_waits_for_ = asio::socket_base::wait_write;
  std::string refused_;  // Whose certificate was.
  bool failed_ = false;  // OpenSSL forbids any further call.
};

// Values are OpenSSL's packed error codes.
const asio::error_category& tls_category();

}  // namespace sentinel
