// How TLS is spoken: plain data, the same for both configuration formats. The
// names in comments are redis.conf's. sentinel/net/tls.h makes contexts of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sentinel {

// Whether who connects to us must show a certificate (tls-auth-clients).
enum class TlsClientCertificate { Required, Optional, Ignored };

struct TlsSettings {
  bool enabled = false;    // YAML's switch. What counts is `port` and `links`; read_config() clears them when off.
  std::uint16_t port = 0;  // tls-port: listens with TLS there, beside the plain-text port. 0: not at all.
  bool links = false;      // tls-replication: our connections to Redis nodes and other sentinels speak TLS.
  std::string cert_file;   // PEM, the chain with our own certificate first.
  std::string key_file;
  std::string key_file_pass;
  std::string client_cert_file;  // Shown when we connect. Empty: cert_file and its key.
  std::string client_key_file;
  std::string client_key_file_pass;
  std::string ca_cert_file;  // Who may have signed the others' certificates.
  std::string ca_cert_dir;   // The same as a folder of hashed names (openssl rehash).
  std::string dh_params_file;
  TlsClientCertificate auth_clients = TlsClientCertificate::Required;
  std::string protocols;     // "TLSv1.2 TLSv1.3"; empty: these two.
  std::string ciphers;       // OpenSSL's list for TLS 1.2; empty: its default.
  std::string ciphersuites;  // For TLS 1.3.
  bool prefer_server_ciphers = false;
  bool session_caching = true;
  std::size_t session_cache_size = 20 * 1024;
  unsigned session_cache_timeout = 300;  // Seconds.

  bool operator==(const TlsSettings&) const = default;
};

}  // namespace sentinel
