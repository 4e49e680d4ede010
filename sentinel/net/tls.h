// Certificates, keys and rules of TLS, loaded from files and loaded again when
// they are renewed. Makes TLS streams of sockets.
//
//   auto tls = Tls::load(settings);                       // Shared by the server and all links.
//   if (!tls) die(tls.error());
//   Stream stream = (*tls)->accept(std::move(socket));      // Then: co_await stream.handshake(...)
//   if (auto renewed = (*tls)->reload(); !renewed) warn(renewed.error());   // The old ones go on.
//
// Connections keep what they began with; new ones use what was loaded last.
// Who connects to us shows a certificate as auth_clients says. Who we connect to always
// must show one that a known authority signed; like Redis, whatever name it has.
//
// Threading: one executor.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/tls_settings.h"
#include "sentinel/net/stream.h"

namespace sentinel {

inline constexpr std::chrono::seconds kTlsHandshakeDeadline{5};     // Of whoever connects to us, and of our own.
inline constexpr std::chrono::seconds kCertificateCheckPeriod{10};  // How soon renewed files are noticed.
inline constexpr std::chrono::hours kExpiryWarning{14 * 24};

class Tls {
 public:
  // Reads all files. The error names what can't be read or does not fit, in stock's words.
  static Result<std::shared_ptr<Tls>> load(TlsSettings settings);
  // The same; null where nothing is to speak TLS.
  static Result<std::shared_ptr<Tls>> load_if_used(TlsSettings settings);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Reads all files again. On error everything stays as it was.
  Result<void> reload();
  // The same with other settings.
  Result<void> change(TlsSettings settings);
  const TlsSettings& settings() const { return settings_; }

  // Whether a file is another one than at the last attempt to load.
  bool files_changed() const;

  // What an operator should know about the certificates in use: expired, or soon to be.
  std::vector<std::string> warnings() const;

  // REQUIRES: socket is connected.
  Stream accept(asio::ip::tcp::socket socket) const;
  Stream connect(asio::ip::tcp::socket socket) const;

 private:
  struct Contexts;
  struct FileStamp {
    std::int64_t inode = 0;
    std::int64_t size = -1;  // -1: not there.
    std::int64_t modified_nanoseconds = 0;
    bool operator==(const FileStamp&) const = default;
  };

  explicit Tls(TlsSettings settings);
  static Result<std::shared_ptr<const Contexts>> make_contexts(const TlsSettings& settings);
  std::vector<FileStamp> stamps() const;

  TlsSettings settings_;
  std::shared_ptr<const Contexts> contexts_;
  std::vector<FileStamp> loaded_;
};

// Reloads whenever the files change, and logs what came of it, until the executor's end.
asio::awaitable<void> watch_certificates(std::shared_ptr<Tls> tls);

// Reloads now; logs what came of it.
bool reload_certificates(Tls& tls);

}  // namespace sentinel
