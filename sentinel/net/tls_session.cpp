#include "sentinel/net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/error.hpp>
#include <cerrno>
#include <limits>

#include "common/check.h"

namespace sentinel {
namespace {

int length_of(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

class TlsCategory final : public asio::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    const char* reason = ERR_reason_error_string(static_cast<unsigned long>(static_cast<unsigned>(value)));
    return reason ? reason : "TLS error";
  }
};

}  // namespace

const asio::error_category& tls_category() {
  static const TlsCategory category;
  return category;
}

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a peer that hung up would end the process.
struct TlsSession::SocketBio {
  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto count = ::send(of(bio).descriptor, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && retried()) BIO_set_retry_write(bio);
    return static_cast<int>(count);
  }

  static int read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto count = ::recv(of(bio).descriptor, data, static_cast<std::size_t>(size), 0);
    if (count < 0 && retried()) BIO_set_retry_read(bio);
    if (count == 0) of(bio).ended = true;
    return static_cast<int>(count);
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return of(bio).ended ? 1 : 0;
    return 0;
  }

  static Socket& of(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }
  static bool retried() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "vigil socket");
      CHECK(fresh != nullptr);
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

TlsSession::TlsSession(ssl_ctx_st* context, int socket, TlsRole role)
    : socket_(std::make_unique<Socket>(Socket{.descriptor = socket})), ssl_(SSL_new(context)) {
  CHECK(ssl_ != nullptr);
  BIO* const bio = BIO_new(SocketBio::method());
  CHECK(bio != nullptr);
  BIO_set_data(bio, socket_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  SSL_set_verify(ssl_, SSL_CTX_get_verify_mode(context), on_verified);
  if (role == TlsRole::Accepting) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
  }
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

asio::error_code TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  return result == 1 ? asio::error_code() : error_of(result, read_waits_for_);
}

std::size_t TlsSession::read_some(char* data, std::size_t size, asio::error_code& error) {
  error.clear();
  if (failed_) {
    error = asio::error::eof;
    return 0;
  }
  ERR_clear_error();
  const int result = SSL_read(ssl_, data, length_of(size));
  if (result > 0) return static_cast<std::size_t>(result);
  error = error_of(result, read_waits_for_);
  return 0;
}

// One record carries 16 KB: goes on until everything is sent or the socket is full.
std::size_t TlsSession::write_some(const char* data, std::size_t size, asio::error_code& error) {
  error.clear();
  if (failed_) error = asio::error::broken_pipe;
  std::size_t sent = 0;
  while (sent < size && !error) {
    ERR_clear_error();
    const int result = SSL_write(ssl_, data + sent, length_of(size - sent));
    if (result > 0) {
      sent += static_cast<std::size_t>(result);
    } else {
      error = error_of(result, write_waits_for_);
    }
  }
  if (sent > 0 && error == asio::error::would_block) error.clear();
  return sent;
}

bool TlsSession::has_unread() const { return SSL_has_pending(ssl_) == 1 && SSL_pending(ssl_) > 0; }

asio::error_code TlsSession::error_of(int result, asio::socket_base::wait_type& waits_for) {
  const int system_error = errno;
  const int kind = SSL_get_error(ssl_, result);
  waits_for = kind == SSL_ERROR_WANT_WRITE ? asio::socket_base::wait_write : asio::socket_base::wait_read;
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return asio::error::would_block;
  failed_ = true;
  if (kind == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
  if (kind == SSL_ERROR_SYSCALL) {
    if (system_error == 0 || socket_->ended) return asio::error::eof;
    return {system_error, asio::system_category()};
  }
  const unsigned long code = ERR_peek_last_error();
  return {static_cast<int>(code), tls_category()};
}

void TlsSession::close_notify() {
  if (failed_ || SSL_in_init(ssl_)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  failed_ = true;
}

std::string TlsSession::why_failed(const asio::error_code& error) const {
  const long verdict = SSL_get_verify_result(ssl_);
  if (error.category() != tls_category() || verdict == X509_V_OK) return error.message();
  return std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict) + " (" + refused_ + ")";
}

// OpenSSL forgets a certificate that it refuses: whose it was is noted here.
int TlsSession::on_verified(int good, X509_STORE_CTX* chain) {
  if (good == 1) return good;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const X509* certificate = X509_STORE_CTX_get_current_cert(chain);
  if (certificate == nullptr) return good;
  std::array<char, 256> subject{};
  X509_NAME_oneline(X509_get_subject_name(certificate), subject.data(), static_cast<int>(subject.size()));
  static_cast<TlsSession*>(SSL_get_app_data(ssl))->refused_ = subject.data();
  return good;
}

}  // namespace sentinel
