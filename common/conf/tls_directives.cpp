#include "common/conf/tls_directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "common/check.h"
#include "common/conf/numbers.h"

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

constexpr std::string_view kLinksName = "tls-replication";

struct FlagDirective {
  std::string_view name;
  bool TlsSettings::*field;
};
constexpr std::array kFlags{
    FlagDirective{kLinksName, &TlsSettings::links},
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

struct AuthClientsWord {
  std::string_view word;
  TlsClientCertificate value;
};
constexpr std::array kAuthClients{
    AuthClientsWord{"no", TlsClientCertificate::Ignored},
    AuthClientsWord{"yes", TlsClientCertificate::Required},
    AuthClientsWord{"optional", TlsClientCertificate::Optional},
};

std::string read_auth_clients(TlsClientCertificate& target, const std::string& text) {
  const std::string word = lower(text);
  for (const AuthClientsWord& it : kAuthClients) {
    if (it.word != word) continue;
    target = it.value;
    return {};
  }
  return "argument(s) must be one of the following: no, yes, optional";
}

constexpr std::string_view kAuthClientsName = "tls-auth-clients";
constexpr std::string_view kCacheSizeName = "tls-session-cache-size";
constexpr std::string_view kCacheTimeoutName = "tls-session-cache-timeout";

}  // namespace

std::string apply_tls_directive(const std::vector<std::string>& words, TlsSettings& tls) {
  const std::string name = lower(words.front());
  const auto named = [&](const auto& directive) { return directive.name == name; };
  const auto text = std::find_if(kTexts.begin(), kTexts.end(), named);
  const auto flag = std::find_if(kFlags.begin(), kFlags.end(), named);
  const bool other = name == "tls-port" || name == kAuthClientsName || name == kCacheSizeName ||
                     name == kCacheTimeoutName || name == "tls-cluster";
  if (text == kTexts.end() && flag == kFlags.end() && !other) return "Bad directive or wrong number of arguments";
  if (words.size() != 2) return "wrong number of arguments";
  const std::string& value = words[1];
  if (text != kTexts.end()) {
    tls.*text->field = value;
    return {};
  }
  if (name == "tls-port") return read_number(tls.port, value, 65535);
  if (name == kAuthClientsName) return read_auth_clients(tls.auth_clients, value);
  constexpr std::int64_t kIntMax = std::numeric_limits<int>::max();
  if (name == kCacheSizeName) return read_number(tls.session_cache_size, value, kIntMax);
  if (name == kCacheTimeoutName) return read_number(tls.session_cache_timeout, value, kIntMax);
  const auto on = yes_or_no(value);
  if (!on) return "argument must be 'yes' or 'no'";
  if (flag != kFlags.end()) tls.*flag->field = *on;  // Else tls-cluster: a sentinel is in none.
  return {};
}

std::vector<std::string_view> changeable_tls_directives() {
  std::vector<std::string_view> names;
  for (const TextDirective& it : kTexts) names.push_back(it.name);
  for (const FlagDirective& it : kFlags)
    if (it.name != kLinksName) names.push_back(it.name);
  names.insert(names.end(), {kAuthClientsName, kCacheSizeName, kCacheTimeoutName});
  return names;
}

std::string tls_directive_value(std::string_view name, const TlsSettings& tls) {
  for (const TextDirective& it : kTexts)
    if (it.name == name) return tls.*it.field;
  for (const FlagDirective& it : kFlags)
    if (it.name == name) return tls.*it.field ? "yes" : "no";
  if (name == kCacheSizeName) return std::to_string(tls.session_cache_size);
  if (name == kCacheTimeoutName) return std::to_string(tls.session_cache_timeout);
  CHECK(name == kAuthClientsName);
  for (const AuthClientsWord& it : kAuthClients)
    if (it.value == tls.auth_clients) return std::string(it.word);
  return {};
}

}  // namespace sentinel::conf
