#include "sentinel/ctl/tls_client.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>

namespace sentinel {

namespace {

std::string openssl_says() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "TLS error" : reason;
}

std::string configure(SSL_CTX* context, const TlsClientOptions& options) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  const bool trusts = options.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context) == 1
                          : SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) == 1;
  if (!trusts) return fmt::format("--cacert {}: {}", options.ca_file, openssl_says());
  if (options.cert_file.empty() != options.key_file.empty()) return "--cert and --key belong together: one is missing";
  if (options.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1)
    return fmt::format("--cert {}: {}", options.cert_file, openssl_says());
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fmt::format("--key {}: {}", options.key_file, openssl_says());
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsClient>> TlsClient::load(const TlsClientOptions& options) {
  ERR_clear_error();
  std::shared_ptr<TlsClient> client(new TlsClient(SSL_CTX_new(TLS_client_method())));
  if (client->context_ == nullptr) return unexpected(openssl_says());
  if (auto error = configure(client->context_, options); !error.empty()) return unexpected(std::move(error));
  return client;
}

TlsClient::~TlsClient() { SSL_CTX_free(context_); }

Result<std::unique_ptr<TlsLink>> TlsClient::secure(int socket) const {
  ERR_clear_error();
  std::unique_ptr<TlsLink> link(new TlsLink(SSL_new(context_)));
  if (link->ssl_ == nullptr || SSL_set_fd(link->ssl_, socket) != 1) return unexpected(openssl_says());
  errno = 0;
  const int result = SSL_connect(link->ssl_);
  if (result == 1) return link;
  const long verdict = SSL_get_verify_result(link->ssl_);
  if (verdict == X509_V_OK) return unexpected("TLS handshake: " + link->why(result));
  return unexpected(fmt::format("its certificate is refused: {} (--cacert FILE, or --insecure)",
                                X509_verify_cert_error_string(verdict)));
}

TlsLink::~TlsLink() {
  // Says goodbye without waiting for the answer; a dead link is silent.
  if (SSL_get_shutdown(ssl_) == 0 && !SSL_in_init(ssl_)) SSL_shutdown(ssl_);
  SSL_free(ssl_);
}

std::string TlsLink::why(int result) const {
  const int error = errno;
  const int kind = SSL_get_error(ssl_, result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return kTlsTimedOut;
  if (kind == SSL_ERROR_ZERO_RETURN) return "connection closed";
  if (kind == SSL_ERROR_SYSCALL) return error == 0 ? "connection closed" : std::strerror(error);
  return openssl_says();
}

Result<void> TlsLink::write(std::string_view bytes) {
  std::size_t written = 0;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
  if (result != 1) return unexpected(why(result));
  return {};
}

Result<std::size_t> TlsLink::read(char* into, std::size_t size) {
  std::size_t count = 0;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_read_ex(ssl_, into, size, &count);
  if (result != 1) return unexpected(why(result));
  return count;
}

bool TlsLink::has_unread() const { return SSL_pending(ssl_) > 0; }

}  // namespace sentinel
