// A C++ application on plain hiredis: `client_hiredis OPTIONS write|read`; see ../libraries.py.
// hiredis knows nothing of sentinels, so this is what an application adds to it, after the documented
// contract for clients: ask the sentinels in order, check ROLE at the address, ask again after every error.
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Json = nlohmann::json;
using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

constexpr timeval kTimeout{.tv_sec = 0,
                           .tv_usec = 500'000};  // A stopped master answers nothing: only this ends the wait.

struct Address {
  std::string host;
  int port;
};

Reply ask(redisContext* context, const std::vector<std::string>& words) {
  std::vector<const char*> data;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    data.push_back(word.data());
    sizes.push_back(word.size());
  }
  Reply reply{
      static_cast<redisReply*>(redisCommandArgv(context, static_cast<int>(words.size()), data.data(), sizes.data())),
      &freeReplyObject};
  if (!reply) throw std::runtime_error(context->errstr);
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(reply->str);
  return reply;
}

Context connect(const Address& to, const std::string& password) {
  Context context{redisConnectWithTimeout(to.host.c_str(), to.port, kTimeout), &redisFree};
  if (!context || context->err) throw std::runtime_error(context ? context->errstr : "out of memory");
  redisSetTimeout(context.get(), kTimeout);
  if (!password.empty()) ask(context.get(), {"AUTH", password});
  return context;
}

std::string role_of(redisContext* context) { return ask(context, {"ROLE"})->element[0]->str; }

std::string field(const redisReply& map, const std::string& name) {
  for (std::size_t i = 0; i + 1 < map.elements; i += 2)
    if (map.element[i]->str == name) return map.element[i + 1]->str;
  return {};
}

std::optional<Address> master_from(redisContext* sentinel, const std::string& group) {
  const Reply reply = ask(sentinel, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group});
  if (reply->type != REDIS_REPLY_ARRAY) return std::nullopt;
  return Address{reply->element[0]->str, std::atoi(reply->element[1]->str)};
}

std::optional<Address> replica_from(redisContext* sentinel, const std::string& group) {
  const Reply reply = ask(sentinel, {"SENTINEL", "REPLICAS", group});
  for (std::size_t i = 0; i < reply->elements; i++) {
    const redisReply& replica = *reply->element[i];
    if (field(replica, "flags") == "slave")
      return Address{field(replica, "ip"), std::atoi(field(replica, "port").c_str())};
  }
  return std::nullopt;
}

Context resolve(const Json& options, bool writes) {
  for (const Json& sentinel : options.at("sentinels")) try {
      const Context link = connect({sentinel.at(0), sentinel.at(1)}, options.value("sentinel_password", ""));
      const std::string group = options.at("group");
      const auto address = writes ? master_from(link.get(), group) : replica_from(link.get(), group);
      if (!address) continue;
      Context node = connect(*address, options.value("password", ""));
      if (role_of(node.get()) == (writes ? "master" : "slave")) return node;
    } catch (const std::runtime_error&) {
      continue;  // The next sentinel may know better.
    }
  throw std::runtime_error("no sentinel knows the address");
}

void say(Json what) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  what["at"] = std::chrono::duration<double, std::milli>(now).count();
  std::cout << what.dump() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: client_hiredis OPTIONS write|read\n", 2;
  const Json options = Json::parse(argv[1]);
  const bool writes = std::string(argv[2]) == "write";
  const std::string prefix = options.at("prefix");
  Context node{nullptr, &redisFree};
  for (long n = 0;; n++) {
    try {
      if (!node) node = resolve(options, writes);
      if (writes) {
        ask(node.get(), {"SET", prefix + ":" + std::to_string(n), std::to_string(n)});
        say({{"written", n}});
      } else {
        const Reply value = ask(node.get(), {"GET", prefix + ":0"});
        say({{"read", value->str ? Json(value->str) : Json()}, {"role", role_of(node.get())}});
      }
    } catch (const std::runtime_error& error) {
      node.reset();
      say({{"error", error.what()}});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(options.at("pause_ms").get<int>()));
  }
}
