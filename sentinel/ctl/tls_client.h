// TLS for Connection: what to trust and show, and one blocking TLS link over a
// connected socket. hiredis 0.14 has none, so its reader gets the bytes from here.
//
//   auto tls = TlsClient::load({.ca_file = "ca.crt"});
//   auto link = (*tls)->secure(socket);           // Handshake; the socket's own time limits hold.
//   (*link)->write(bytes);
//
// The server's certificate must be signed by a known authority; like Redis, whatever
// name it has. Threading: one thread a link; a TlsClient may be shared.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace sentinel {

// The error of a read or write that took longer than the socket allows.
inline constexpr const char* kTlsTimedOut = "timed out";

struct TlsClientOptions {
  std::string ca_file;    // Empty: the system's authorities.
  std::string cert_file;  // Shown to the server. Empty: none.
  std::string key_file;
  bool insecure = false;  // Believe any certificate.
};

class TlsLink {
 public:
  ~TlsLink();
  TlsLink(const TlsLink&) = delete;
  TlsLink& operator=(const TlsLink&) = delete;

  // All of it. The error is a reason in words, or kTlsTimedOut.
  Result<void> write(std::string_view bytes);
  // What there is, at least one byte.
  Result<std::size_t> read(char* into, std::size_t size);
  // Bytes are here already: poll() would not tell.
  bool has_unread() const;

 private:
  friend class TlsClient;
  explicit TlsLink(ssl_st* ssl) : ssl_(ssl) {}
  std::string why(int result) const;

  ssl_st* ssl_;
};

class TlsClient {
 public:
  static Result<std::shared_ptr<const TlsClient>> load(const TlsClientOptions& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  Result<std::unique_ptr<TlsLink>> secure(int socket) const;

 private:
  explicit TlsClient(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace sentinel
