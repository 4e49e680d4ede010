#include "sentinel/notify/webhook_client.h"

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "common/endpoint.h"

namespace sentinel {
namespace {

// How long a destructor waits for threads that hang in a connect or a name
// lookup; then they are left to end by themselves.
constexpr std::chrono::seconds kShutdownPatience{1};
constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::array kRejectingStatuses = {400, 413, 415, 422};

std::string signature(const std::string& secret, const std::string& body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), &size);
  std::string text = "sha256=";
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

// cpp-httplib and OpenSSL write to sockets that the receiver may have closed;
// SIGPIPE would end the daemon. Signals for the process go to other threads.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

std::unique_ptr<httplib::ClientImpl> make_client(const WebhookUrl& url, Millis timeout) {
  std::unique_ptr<httplib::ClientImpl> client;
  if (url.tls) {
    client = std::make_unique<httplib::SSLClient>(url.host, url.port);  // Verifies the certificate.
  } else {
    client = std::make_unique<httplib::ClientImpl>(url.host, url.port);
  }
  client->set_connection_timeout(timeout);
  client->set_read_timeout(timeout);
  client->set_write_timeout(timeout);
  client->set_keep_alive(false);
  client->set_follow_location(false);
  if (!url.user.empty()) client->set_basic_auth(url.user, url.password);
  return client;
}

WebhookReply verdict(const httplib::Result& result) {
  using Verdict = WebhookReply::Verdict;
  if (!result) return {.verdict = Verdict::Failed, .error = httplib::to_string(result.error())};
  const int status = result->status;
  if (status >= 200 && status < 300) return {.verdict = Verdict::Delivered, .error = {}};
  const bool rejected =
      std::find(kRejectingStatuses.begin(), kRejectingStatuses.end(), status) != kRejectingStatuses.end();
  return {.verdict = rejected ? Verdict::Rejected : Verdict::Failed, .error = fmt::format("HTTP status {}", status)};
}

}  // namespace

Result<WebhookUrl> parse_webhook_url(std::string_view text) {
  WebhookUrl url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return unexpected<std::string>("a webhook's URL begins with http:// or https://");
  }
  const auto path = text.find_first_of("/?#");
  std::string_view authority = text.substr(0, path);
  url.path = path == std::string_view::npos ? "/" : std::string(text.substr(path, text.find('#') - path));
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  if (url.path.find_first_of(std::string_view(" \r\n\t\0", 5)) != std::string::npos) {
    return unexpected<std::string>("a webhook's URL holds a blank or control character");
  }
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    const auto colon = user.find(':');
    url.user = user.substr(0, colon);
    if (colon != std::string_view::npos) url.password = user.substr(colon + 1);
    authority.remove_prefix(at + 1);
  }
  const bool has_port =
      authority.starts_with('[') ? !authority.ends_with(']') : authority.find(':') != std::string_view::npos;
  const std::string with_port =
      has_port ? std::string(authority) : fmt::format("{}:{}", authority, url.tls ? kHttpsPort : kHttpPort);
  const auto endpoint = parse_endpoint(with_port);
  if (!endpoint || endpoint->host.find_first_of(" \r\n\t") != std::string::npos) {
    return unexpected<std::string>("a webhook's URL needs a host, and a port in 1..65535 if any");
  }
  url.host = endpoint->host;
  url.port = endpoint->port;
  return url;
}

std::string origin(const WebhookUrl& url) {
  return (url.tls ? "https://" : "http://") + to_string(Endpoint{.host = url.host, .port = url.port});
}

struct WebhookClient::Shared {
  explicit Shared(Millis limit) : timeout(limit) {}
  const Millis timeout;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::size_t alive = 0;  // Threads.
  std::deque<std::pair<WebhookRequest, OnReply>> waiting;
  std::set<httplib::ClientImpl*> under_way;
  std::vector<std::thread> threads;
};

WebhookClient::WebhookClient(std::size_t threads, Millis timeout) : shared_(std::make_shared<Shared>(timeout)) {
  shared_->alive = threads;
  for (std::size_t i = 0; i < threads; ++i) shared_->threads.emplace_back([shared = shared_] { run(shared); });
}

WebhookClient::~WebhookClient() {
  std::unique_lock guard(shared_->mutex);
  shared_->stopping = true;
  for (httplib::ClientImpl* client : shared_->under_way) client->stop();
  shared_->changed.notify_all();
  const bool ended = shared_->changed.wait_for(guard, kShutdownPatience, [&] { return shared_->alive == 0; });
  std::vector<std::thread> threads = std::move(shared_->threads);
  guard.unlock();
  for (std::thread& thread : threads) ended ? thread.join() : thread.detach();
}

void WebhookClient::post(WebhookRequest request, OnReply on_reply) {
  const std::lock_guard guard(shared_->mutex);
  shared_->waiting.emplace_back(std::move(request), std::move(on_reply));
  shared_->changed.notify_all();
}

void WebhookClient::run(const std::shared_ptr<Shared>& shared) {
  block_signals();
  std::unique_lock guard(shared->mutex);
  for (;;) {
    shared->changed.wait(guard, [&] { return shared->stopping || !shared->waiting.empty(); });
    if (shared->stopping) break;
    const auto [request, on_reply] = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    guard.unlock();

    const auto client = make_client(request.url, shared->timeout);
    httplib::Headers headers{{"Idempotency-Key", request.key}};
    if (!request.secret.empty()) headers.emplace("X-Vigil-Signature", signature(request.secret, request.body));

    guard.lock();
    if (shared->stopping) break;
    shared->under_way.insert(client.get());
    guard.unlock();
    WebhookReply reply = verdict(client->Post(request.url.path, headers, request.body, "application/json"));
    guard.lock();
    shared->under_way.erase(client.get());
    // Under the mutex, so that the destructor can promise silence.
    if (!shared->stopping) on_reply(std::move(reply));
  }
  --shared->alive;
  shared->changed.notify_all();
}

}  // namespace sentinel
