#include "sentinel/net/tls_context.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>
#include <ctime>
#include <sstream>

namespace sentinel {
namespace {

using Failure = std::optional<std::string>;  // In the words of an operator's log.

std::string openssl_says() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_error(), text.data(), text.size());  // The first is the cause; others are who met it.
  return text.data();
}

// Also without a password: OpenSSL would ask for one on the terminal.
int copy_password(char* into, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, text.data(), text.size());
  return static_cast<int>(text.size());
}

// What is older than TLS 1.2 is never spoken, also where redis.conf lists it.
Failure set_protocols(SSL_CTX* context, const std::string& protocols) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (protocols.empty()) return {};
  bool two = false;
  bool three = false;
  std::istringstream words(protocols);
  for (std::string word; words >> word;) {
    for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (word == "tlsv1.2") {
      two = true;
    } else if (word == "tlsv1.3") {
      three = true;
    } else if (word != "tlsv1" && word != "tlsv1.1") {
      return "Invalid tls-protocols specified. Use a combination of 'TLSv1.2' and 'TLSv1.3'.";
    }
  }
  if (!two && !three) return "tls-protocols has nothing but versions that are not safe: add TLSv1.2 or TLSv1.3";
  if (!two) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (!three) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  return {};
}

Failure set_certificate(SSL_CTX* context, const std::string& certificate, const std::string& key,
                        const std::string& password) {
  // Used while this function runs, and never after it.
  SSL_CTX_set_default_passwd_cb(context, copy_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&password));
  Failure failure;
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    failure = fmt::format("Failed to load certificate: {}: {}", certificate, openssl_says());
  } else if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    failure = fmt::format("Failed to load private key: {}: {}", key, openssl_says());
  }
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  return failure;
}

Failure set_authorities(SSL_CTX* context, const TlsSettings& settings) {
  const char* const file = settings.ca_cert_file.empty() ? nullptr : settings.ca_cert_file.c_str();
  const char* const folder = settings.ca_cert_dir.empty() ? nullptr : settings.ca_cert_dir.c_str();
  if (!file && !folder) return {};
  if (SSL_CTX_load_verify_locations(context, file, folder) == 1) return {};
  return fmt::format("Failed to configure CA certificate(s) file/directory: {}: {}", file ? file : folder,
                     openssl_says());
}

Failure set_dh_parameters(SSL_CTX* context, const std::string& path) {
  if (path.empty()) {
    SSL_CTX_set_dh_auto(context, 1);
    return {};
  }
  BIO* const file = BIO_new_file(path.c_str(), "r");
  EVP_PKEY* parameters = file ? PEM_read_bio_Parameters(file, nullptr) : nullptr;
  BIO_free(file);
  if (parameters && SSL_CTX_set0_tmp_dh_pkey(context, parameters) == 1) return {};
  EVP_PKEY_free(parameters);
  return fmt::format("{}: {}", path, openssl_says());
}

int verify_mode(const TlsSettings& settings, TlsRole role) {
  if (role == TlsRole::Connecting) return SSL_VERIFY_PEER;
  switch (settings.auth_clients) {
    case TlsClientCertificate::Required: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case TlsClientCertificate::Optional: return SSL_VERIFY_PEER;
    case TlsClientCertificate::Ignored: return SSL_VERIFY_NONE;
  }
  return SSL_VERIFY_PEER;
}

void set_session_cache(SSL_CTX* context, const TlsSettings& settings) {
  if (!settings.session_caching) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return;
  }
  static const unsigned char name[] = "vigil";
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, static_cast<long>(settings.session_cache_size));
  SSL_CTX_set_timeout(context, static_cast<long>(settings.session_cache_timeout));
  SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
}

Failure configure(SSL_CTX* context, const TlsSettings& settings, TlsRole role) {
  const bool own = role == TlsRole::Connecting && !settings.client_cert_file.empty();
  const std::string& certificate = own ? settings.client_cert_file : settings.cert_file;
  const std::string& key = own ? settings.client_key_file : settings.key_file;
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // An end without goodbye is an end: RESP tells by itself whether a reply is whole.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE);
  if (settings.prefer_server_ciphers) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_verify(context, verify_mode(settings, role), nullptr);

  if (Failure failure = set_protocols(context, settings.protocols)) return failure;
  if (!certificate.empty()) {
    if (Failure failure =
            set_certificate(context, certificate, key, own ? settings.client_key_file_pass : settings.key_file_pass))
      return failure;
  }
  if (Failure failure = set_authorities(context, settings)) return failure;
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
    return "Failed to configure ciphers: " + settings.ciphers;
  if (!settings.ciphersuites.empty() && SSL_CTX_set_ciphersuites(context, settings.ciphersuites.c_str()) != 1)
    return "Failed to configure ciphersuites: " + settings.ciphersuites;
  if (role == TlsRole::Connecting) return {};
  set_session_cache(context, settings);
  return set_dh_parameters(context, settings.dh_params_file);
}

}  // namespace

void FreeTlsContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsContext> make_tls_context(const TlsSettings& settings, TlsRole role) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(role == TlsRole::Accepting ? TLS_server_method() : TLS_client_method()));
  if (!context) return unexpected(openssl_says());
  if (Failure failure = configure(context.get(), settings, role)) return unexpected(std::move(*failure));
  return context;
}

std::optional<std::chrono::system_clock::time_point> valid_until(ssl_ctx_st* context) {
  const X509* certificate = SSL_CTX_get0_certificate(context);
  std::tm time{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&time));
}

}  // namespace sentinel
