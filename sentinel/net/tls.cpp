#include "sentinel/net/tls.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "sentinel/net/tls_context.h"

namespace sentinel {

struct Tls::Contexts {
  TlsContext accepting;  // Null: nothing to show, so nobody can be accepted.
  TlsContext connecting;
};

Tls::Tls(TlsSettings settings) : settings_(std::move(settings)) {}
Tls::~Tls() = default;

Result<std::shared_ptr<Tls>> Tls::load(TlsSettings settings) {
  std::shared_ptr<Tls> tls(new Tls(std::move(settings)));
  if (auto loaded = tls->reload(); !loaded) return unexpected(loaded.error());
  return tls;
}

Result<std::shared_ptr<Tls>> Tls::load_if_used(TlsSettings settings) {
  if (settings.port == 0 && !settings.links) return std::shared_ptr<Tls>();
  return load(std::move(settings));
}

Result<std::shared_ptr<const Tls::Contexts>> Tls::make_contexts(const TlsSettings& settings) {
  const auto fail = [](const char* why) { return unexpected(std::string(why)); };
  const bool checks = settings.links || settings.auth_clients != TlsClientCertificate::Ignored;
  if (settings.port != 0 && settings.cert_file.empty()) return fail("No tls-cert-file configured!");
  if (!settings.cert_file.empty() && settings.key_file.empty()) return fail("No tls-key-file configured!");
  if (!settings.client_cert_file.empty() && settings.client_key_file.empty())
    return fail("No tls-client-key-file configured!");
  if (checks && settings.ca_cert_file.empty() && settings.ca_cert_dir.empty()) {
    return fail(
        "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or "
        "tls-auth-clients are enabled!");
  }
  auto contexts = std::make_shared<Contexts>();
  if (!settings.cert_file.empty()) {
    auto accepting = make_tls_context(settings, TlsRole::Accepting);
    if (!accepting) return unexpected(accepting.error());
    contexts->accepting = std::move(*accepting);
  }
  auto connecting = make_tls_context(settings, TlsRole::Connecting);
  if (!connecting) return unexpected(connecting.error());
  contexts->connecting = std::move(*connecting);
  return std::shared_ptr<const Contexts>(std::move(contexts));
}

Result<void> Tls::reload() { return change(settings_); }

Result<void> Tls::change(TlsSettings settings) {
  std::swap(settings_, settings);
  loaded_ = stamps();  // From before reading: what changes meanwhile is read again.
  auto contexts = make_contexts(settings_);
  if (contexts) {
    contexts_ = std::move(*contexts);
    return {};
  }
  std::swap(settings_, settings);
  loaded_ = stamps();
  return unexpected(contexts.error());
}

std::vector<Tls::FileStamp> Tls::stamps() const {
  std::vector<FileStamp> stamps;
  for (const std::string* path :
       {&settings_.cert_file, &settings_.key_file, &settings_.client_cert_file, &settings_.client_key_file,
        &settings_.ca_cert_file, &settings_.ca_cert_dir, &settings_.dh_params_file}) {
    FileStamp stamp;
    struct stat facts {};
    if (!path->empty() && ::stat(path->c_str(), &facts) == 0) {
      stamp = {.inode = static_cast<std::int64_t>(facts.st_ino),
               .size = facts.st_size,
               .modified_nanoseconds = facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec};
    }
    stamps.push_back(stamp);
  }
  return stamps;
}

bool Tls::files_changed() const { return stamps() != loaded_; }

std::vector<std::string> Tls::warnings() const {
  std::vector<std::string> texts;
  const auto now = std::chrono::system_clock::now();
  const auto look = [&](const TlsContext& context, const std::string& path) {
    const auto until = context ? valid_until(context.get()) : std::nullopt;
    if (!until || *until - now > kExpiryWarning) return;
    const auto time = fmt::gmtime(std::chrono::system_clock::to_time_t(*until));
    texts.push_back(fmt::format("the certificate {} {} on {:%Y-%m-%d at %H:%M} UTC", path,
                                *until < now ? "expired" : "expires", time));
  };
  look(contexts_->accepting, settings_.cert_file);
  if (!settings_.client_cert_file.empty()) look(contexts_->connecting, settings_.client_cert_file);
  return texts;
}

Stream Tls::accept(asio::ip::tcp::socket socket) const {
  auto session = std::make_unique<TlsSession>(contexts_->accepting.get(), socket.native_handle(), TlsRole::Accepting);
  return Stream(std::move(socket), std::move(session));
}

Stream Tls::connect(asio::ip::tcp::socket socket) const {
  auto session = std::make_unique<TlsSession>(contexts_->connecting.get(), socket.native_handle(), TlsRole::Connecting);
  return Stream(std::move(socket), std::move(session));
}

bool reload_certificates(Tls& tls) {
  const auto loaded = tls.reload();
  if (!loaded) {
    spdlog::error("TLS goes on with the certificates it has: {}", loaded.error());
    return false;
  }
  spdlog::info("TLS certificates loaded again");
  for (const std::string& warning : tls.warnings()) spdlog::warn("{}", warning);
  return true;
}

asio::awaitable<void> watch_certificates(std::shared_ptr<Tls> tls) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (true) {
    timer.expires_after(kCertificateCheckPeriod);
    asio::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled) co_return;
    if (tls->files_changed()) reload_certificates(*tls);
  }
}

}  // namespace sentinel
