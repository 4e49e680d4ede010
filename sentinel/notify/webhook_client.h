// Posts webhooks from a few threads of its own, because cpp-httplib and name
// resolution block, and the loop must not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/time.h"

namespace sentinel {

struct WebhookUrl {
  bool tls = false;
  std::string user;  // Of http://user:password@host/, sent as basic authentication.
  std::string password;
  std::string host;  // IPv6 without brackets.
  std::uint16_t port = 0;
  std::string path;  // With the query; "/" at least.
};
// The error is a text for the operator. It does not repeat the URL, which may hold a secret.
Result<WebhookUrl> parse_webhook_url(std::string_view text);
// scheme://host:port: what may be shown. Receivers keep secrets in path and query.
std::string origin(const WebhookUrl& url);

struct WebhookRequest {
  WebhookUrl url;
  std::string key;     // Idempotency-Key.
  std::string body;    // application/json
  std::string secret;  // Not empty: X-Vigil-Signature: sha256=<hex HMAC of the body>.
};

struct WebhookReply {
  enum class Verdict {
    Delivered,  // Any 2xx.
    Failed,     // No answer, or one that may change: try again.
    Rejected,   // 400, 413, 415, 422: this content will never be accepted.
  };
  Verdict verdict = Verdict::Failed;
  std::string error;
};

class WebhookClient {
 public:
  // Called on a thread of the client.
  using OnReply = std::function<void(WebhookReply)>;

  // Each timeout (connect, write, read) is `timeout`.
  WebhookClient(std::size_t threads, Millis timeout);
  // Ends requests under way; none calls back once this has returned.
  ~WebhookClient();
  WebhookClient(const WebhookClient&) = delete;
  WebhookClient& operator=(const WebhookClient&) = delete;

  void post(WebhookRequest request, OnReply on_reply);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace sentinel
