#include "http_receiver.h"

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace sentinel {

struct HttpReceiver::State {
  httplib::Server server;
  int port = 0;
  std::thread thread;
  std::mutex mutex;
  std::condition_variable released;
  std::vector<Request> requests;
  std::deque<int> statuses;
  std::string held;

  void receive(const httplib::Request& request, httplib::Response& response) {
    std::unique_lock guard(mutex);
    requests.push_back({.target = request.target,
                        .content_type = request.get_header_value("Content-Type"),
                        .key = request.get_header_value("Idempotency-Key"),
                        .signature = request.get_header_value("X-Vigil-Signature"),
                        .body = request.body});
    response.status = 200;
    if (!statuses.empty()) {
      response.status = statuses.front();
      statuses.pop_front();
    }
    released.wait(guard, [&] { return held.empty() || request.body.find(held) == std::string::npos; });
  }
};

HttpReceiver::HttpReceiver() : state_(std::make_unique<State>()) {
  state_->server.Post(".*", [this](const auto& request, auto& response) { state_->receive(request, response); });
  state_->port = state_->server.bind_to_any_port("127.0.0.1");
  state_->thread = std::thread([this] { state_->server.listen_after_bind(); });
  while (!state_->server.is_running()) std::this_thread::yield();
}

HttpReceiver::~HttpReceiver() { close(); }

std::string HttpReceiver::origin() const { return "http://127.0.0.1:" + std::to_string(state_->port); }

std::vector<HttpReceiver::Request> HttpReceiver::requests() const {
  const std::lock_guard guard(state_->mutex);
  return state_->requests;
}

void HttpReceiver::answer(std::vector<int> statuses) {
  const std::lock_guard guard(state_->mutex);
  state_->statuses.assign(statuses.begin(), statuses.end());
}

void HttpReceiver::hold(const std::string& text) {
  const std::lock_guard guard(state_->mutex);
  state_->held = text;
}

void HttpReceiver::release() {
  hold({});
  state_->released.notify_all();
}

void HttpReceiver::close() {
  if (!state_->thread.joinable()) return;
  release();
  state_->server.stop();
  state_->thread.join();
}

}  // namespace sentinel
