// A real HTTP server on loopback that records what webhooks send, and answers
// as told. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace sentinel {

class HttpReceiver {
 public:
  struct Request {
    std::string target;  // Path and query.
    std::string content_type;
    std::string key;
    std::string signature;
    std::string body;
  };

  HttpReceiver();  // Listens on a free port.
  ~HttpReceiver();
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;

  std::string origin() const;  // http://127.0.0.1:port
  std::vector<Request> requests() const;

  // The statuses of the next answers, in order; then 200.
  void answer(std::vector<int> statuses);
  // Requests whose body holds this text are not answered until release().
  void hold(const std::string& text);
  void release();
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sentinel
