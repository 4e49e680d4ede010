#include "sentinel/config/conf/tls_directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "sentinel/config/conf/numbers.h"

namespace sentinel::conf {
namespace {

struct TextDirective {
  std::string_view name;
  std::string TlsSettings::*field;
};
constexpr std::array kTexts{
    TextDirective{"tls-cert-file", &TlsSettings::cert_file},
    TextDirective{"tls-key-file", &TlsSettings::key_file},
    TextDirective{"tls-key-file-pass", &TlsSettings::key_file_pass},
    TextDirective{"tls-client-cert-file", &TlsSettings::client_cert_file},
    TextDirective{"tls-client-key-file", &TlsSettings::client_key_file},
    TextDirective{"tls-client-key-file-pass", &TlsSettings::client_key_file_pass},
    TextDirective{"tls-ca-cert-file", &TlsSettings::ca_cert_file},
    TextDirective{"tls-ca-cert-dir", &TlsSettings::ca_cert_dir},
    TextDirective{"tls-dh-params-file", &TlsSettings::dh_params_file},
    TextDirective{"tls-protocols", &TlsSettings::protocols},
    TextDirective{"tls-ciphers", &TlsSettings::ciphers},
    TextDirective{"tls-ciphersuites", &TlsSettings::ciphersuites},
};

struct FlagDirective {
  std::string_view name;
  bool TlsSettings::*field;
};
constexpr std::array kFlags{
    FlagDirective{"tls-replication", &TlsSettings::links},
    FlagDirective{"tls-prefer-server-ciphers", &TlsSettings::prefer_server_ciphers},
    FlagDirective{"tls-session-caching", &TlsSettings::session_caching},
};

template <typename Number>
std::string read_number(Number& target, const std::string& text, std::int64_t most) {
  const auto value = whole_integer(text);
  if (!value) return "argument couldn't be parsed into an integer";
  if (*value < 0 || *value > most) return fmt::format("argument must be between 0 and {} inclusive", most);
  target = static_cast<Number>(*value);
  return {};
}

std::string read_auth_clients(TlsClientCertificate& target, const std::string& text) {
  const std::string word = lower(text);
  if (word == "yes") {
    target = TlsClientCertificate::Required;
  } else if (word == "optional") {
    target = TlsClientCertificate::Optional;
  } else if (word == "no") {
    target = TlsClientCertificate::Ignored;
  } else {
    return "argument(s) must be one of the following: no, yes, optional";
  }
  return {};
}

}  // namespace

std::string apply_tls_directive(const std::vector<std::string>& words, TlsSettings& tls) {
  const std::string name = lower(words.front());
  const auto named = [&](const auto& directive) { return directive.name == name; };
  const auto text = std::find_if(kTexts.begin(), kTexts.end(), named);
  const auto flag = std::find_if(kFlags.begin(), kFlags.end(), named);
  const bool other = name == "tls-port" || name == "tls-auth-clients" || name == "tls-session-cache-size" ||
                     name == "tls-session-cache-timeout" || name == "tls-cluster";
  if (text == kTexts.end() && flag == kFlags.end() && !other) return "Bad directive or wrong number of arguments";
  if (words.size() != 2) return "wrong number of arguments";
  const std::string& value = words[1];
  if (text != kTexts.end()) {
    tls.*text->field = value;
    return {};
  }
  if (name == "tls-port") return read_number(tls.port, value, 65535);
  if (name == "tls-auth-clients") return read_auth_clients(tls.auth_clients, value);
  constexpr std::int64_t kIntMax = std::numeric_limits<int>::max();
  if (name == "tls-session-cache-size") return read_number(tls.session_cache_size, value, kIntMax);
  if (name == "tls-session-cache-timeout") return read_number(tls.session_cache_timeout, value, kIntMax);
  const auto on = yes_or_no(value);
  if (!on) return "argument must be 'yes' or 'no'";
  if (flag != kFlags.end()) tls.*flag->field = *on;  // Else tls-cluster: a sentinel is in none.
  return {};
}

}  // namespace sentinel::conf
