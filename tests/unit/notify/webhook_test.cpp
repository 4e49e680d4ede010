// Webhooks through the dispatcher, to a real HTTP server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "http_receiver.h"
#include "notify_fixture.h"

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Webhooks : DispatcherTest {
  void open_with_hook(const std::string& path = "/hook?token=hidden", const std::string& secret = {}) {
    settings.webhooks = {{.url = receiver.origin() + path, .secret = secret}};
    open();
  }
  std::vector<std::string> messages() const {
    std::vector<std::string> result;
    for (const auto& request : receiver.requests()) {
      result.push_back(nlohmann::json::parse(request.body).at("message").get<std::string>());
    }
    return result;
  }
  // Before the base's members end: answers must not wait for a test that has failed.
  ~Webhooks() override { receiver.release(); }
  HttpReceiver receiver;
  const GroupSettings group = group_with("mymaster", {});
};

TEST_F(Webhooks, get_json_with_the_idempotency_key) {
  open_with_hook();
  emit({switch_of("mymaster", 6380)}, group);
  ASSERT_TRUE(until_idle());
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].target, "/hook?token=hidden");
  EXPECT_EQ(requests[0].content_type, "application/json");
  EXPECT_EQ(requests[0].signature, "");
  const auto body = nlohmann::json::parse(requests[0].body);
  EXPECT_EQ(body.at("key"), requests[0].key);
  EXPECT_EQ(body.at("event"), "+switch-master");
  EXPECT_EQ(body.at("sentinel"), store->sentinel_id().value);
  EXPECT_EQ(body.at("master_switch").at("to").at("port"), 6380);
  EXPECT_GT(body.at("time_ms").get<std::int64_t>(), 1700000000000);
}

TEST_F(Webhooks, are_signed_if_they_have_a_secret) {
  open_with_hook("/", "key");
  emit({event_of("mymaster", "m")}, group);
  ASSERT_TRUE(until_idle());
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(1));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const std::string& body = requests[0].body;
  ::HMAC(EVP_sha256(), "key", 3, reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
  std::string expected = "sha256=";
  for (unsigned i = 0; i < size; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", digest[i]);
    expected += hex;
  }
  EXPECT_EQ(requests[0].signature, expected);
}

TEST_F(Webhooks, that_fail_are_repeated_byte_for_byte_until_they_are_taken) {
  receiver.answer({500, 503, 302, 204});
  open_with_hook();
  emit({event_of("mymaster", "m")}, group);
  ASSERT_TRUE(until_idle());
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(4));
  for (const auto& request : requests) {
    EXPECT_EQ(request.body, requests[0].body);
    EXPECT_EQ(request.key, requests[0].key);
  }
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(Webhooks, stay_in_order_within_a_group_through_failures) {
  receiver.answer({500, 200, 500, 500, 200});
  open_with_hook();
  emit({event_of("mymaster", "1"), event_of("mymaster", "2"), event_of("mymaster", "3")}, group);
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(messages(), ElementsAre("1", "1", "2", "2", "2", "3"));
}

TEST_F(Webhooks, of_one_group_do_not_wait_for_those_of_another) {
  receiver.hold("slow");
  open_with_hook();
  emit({event_of("a", "slow"), event_of("a", "behind")}, group_with("a", {}));
  ASSERT_TRUE(until([&] { return receiver.requests().size() == 1; }));
  emit({event_of("b", "quick")}, group_with("b", {}));
  ASSERT_TRUE(until([&] { return receiver.requests().size() == 2; }));
  EXPECT_THAT(messages(), ElementsAre("slow", "quick"));
  receiver.release();
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(messages(), ElementsAre("slow", "quick", "behind"));
}

TEST_F(Webhooks, that_nobody_takes_end_as_dead_letters_and_the_next_goes_on) {
  settings.policy.webhook_retry.attempts_max = 3;
  receiver.answer({500, 500, 500, 200});
  open_with_hook();
  emit({event_of("mymaster", "lost"), event_of("mymaster", "next")}, group);
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(messages(), ElementsAre("lost", "lost", "lost", "next"));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].name, "-webhook-error");
  EXPECT_THAT(events[0].message, HasSubstr(receiver.origin() + " +sdown mymaster after 3 attempts: HTTP status 500"));
  EXPECT_THAT(events[0].message, Not(HasSubstr("hidden"))) << "the event is public, the URL's token is not";
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].entry.event.message, "lost");
  EXPECT_EQ(letters[0].attempts, 3U);
}

TEST_F(Webhooks, whose_content_is_refused_are_not_repeated) {
  receiver.answer({422});
  open_with_hook();
  emit({event_of("mymaster", "m")}, group);
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(receiver.requests(), SizeIs(1));
  EXPECT_TRUE(saw("-webhook-error"));
  EXPECT_THAT(dead_letters(), SizeIs(1));
}

TEST_F(Webhooks, to_nobody_are_repeated_and_given_up) {
  settings.policy.webhook_retry.attempts_max = 2;
  const std::string nobody = receiver.origin();
  receiver.close();
  settings.webhooks = {{.url = nobody, .secret = {}}};
  open();
  emit({event_of("mymaster", "m")}, group);
  ASSERT_TRUE(until_idle());
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_THAT(events[0].message, HasSubstr("after 2 attempts: "));
}

TEST_F(Webhooks, time_out_when_the_receiver_is_silent) {
  settings.webhook_timeout = Millis(200);
  receiver.hold("m");
  open_with_hook();
  emit({event_of("mymaster", "m")}, group);
  ASSERT_TRUE(until([&] { return receiver.requests().size() >= 2; })) << "no second attempt: the first never ended";
  receiver.release();
  ASSERT_TRUE(until_idle());
}

TEST_F(Webhooks, with_a_url_that_is_none_are_dead_at_once) {
  settings.webhooks = {{.url = "gopher://x", .secret = {}}};
  open();
  std::vector<Event> many(500, event_of("mymaster", "m"));
  emit(many, group);
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(events, SizeIs(500));
}

TEST_F(Webhooks, unanswered_at_a_restart_are_sent_again_with_their_key) {
  receiver.hold("m");
  open_with_hook();
  emit({event_of("mymaster", "m")}, group);
  ASSERT_TRUE(until([&] { return receiver.requests().size() == 1; }));
  close();
  receiver.release();
  open();
  ASSERT_TRUE(until_idle());
  const auto requests = receiver.requests();
  ASSERT_GE(requests.size(), 2U);
  EXPECT_EQ(requests.front().key, requests.back().key);
}

TEST_F(Webhooks, have_a_key_of_their_own_for_each_event_of_each_start) {
  open_with_hook();
  emit({event_of("mymaster", "same"), event_of("mymaster", "same")}, group);
  ASSERT_TRUE(until_idle());
  close();
  open();
  emit({event_of("mymaster", "same")}, group);
  ASSERT_TRUE(until_idle());
  std::vector<std::string> keys;
  for (const auto& request : receiver.requests()) keys.push_back(request.key);
  std::sort(keys.begin(), keys.end());
  EXPECT_THAT(keys, SizeIs(3));
  EXPECT_TRUE(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
}

}  // namespace
}  // namespace sentinel
