#include "sentinel/notify/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "notify_fixture.h"
#include "sentinel/notify/webhook_client.h"

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> sinks_of(const Event& event, const GroupSettings* group,
                                  const std::vector<Webhook>& webhooks) {
  std::vector<std::string> sinks;
  for (const OutboxEntry& entry : route(event, group, webhooks, "k", 1)) sinks.push_back(entry.sink);
  return sinks;
}

TEST(Route, sends_each_event_to_those_who_asked_for_it) {
  const GroupSettings both = group_with("mymaster", "/notify", "/reconfig");
  const GroupSettings none = group_with("mymaster", "", "");
  const std::vector<Webhook> hook{{.url = "http://h/x", .secret = {}}};
  Event notice = event_of("mymaster", "m");
  notice.level = Level::Notice;
  Event of_process = event_of("", "m", "+tilt");

  EXPECT_THAT(sinks_of(event_of("mymaster", "m"), &both, hook), ElementsAre("script:/notify", "webhook:http://h/x"));
  EXPECT_THAT(sinks_of(switch_of("mymaster", 1), &both, hook),
              ElementsAre("script:/notify", "reconfig:/reconfig", "webhook:http://h/x"));
  EXPECT_THAT(sinks_of(switch_of("mymaster", 1), &none, {}), IsEmpty());
  EXPECT_THAT(sinks_of(notice, &both, hook), IsEmpty());
  EXPECT_THAT(sinks_of(of_process, nullptr, hook), SizeIs(1)) << "webhooks learn that a sentinel is in trouble";

  const std::vector<Webhook> picky{{.url = "http://h/x", .groups = {"other", "mymaster"}},
                                   {.url = "http://h/y", .groups = {"other"}}};
  EXPECT_THAT(sinks_of(event_of("mymaster", "m"), &none, picky), ElementsAre("webhook:http://h/x"));
}

TEST(Sink, reads_what_it_writes) {
  for (const SinkKind kind : {SinkKind::Notification, SinkKind::Reconfiguration, SinkKind::Webhook}) {
    const Sink sink{.kind = kind, .target = "http://host:1/a:b"};
    EXPECT_EQ(parse_sink(to_string(sink)), sink);
  }
  EXPECT_EQ(parse_sink("stream:x"), std::nullopt);
}

TEST(WebhookBody, has_the_documented_fields) {
  const OutboxEntry entry{
      .event = switch_of("mymaster", 6380), .sink = "webhook:http://h", .key = "k1", .at = 1700000000023};
  const auto body = nlohmann::json::parse(webhook_body(entry, NodeId{"self"}));
  const auto expected = nlohmann::json::parse(R"({
    "key": "k1", "event": "+switch-master", "level": "warning", "group": "mymaster",
    "message": "mymaster 10.0.0.1 6379 10.0.0.2 6380", "time_ms": 1700000000023, "time": "2023-11-14T22:13:20.023Z",
    "sentinel": "self", "master_switch": {"role": "leader", "from": {"host": "10.0.0.1", "port": 6379},
    "to": {"host": "10.0.0.2", "port": 6380}, "epoch": 7}})");
  EXPECT_EQ(body, expected);
}

TEST(WebhookBody, is_json_whatever_the_message_holds) {
  const OutboxEntry entry{.event = event_of("mymaster", "\xff\"\n"), .sink = "webhook:http://h", .key = "k", .at = 0};
  EXPECT_TRUE(nlohmann::json::accept(webhook_body(entry, NodeId{"self"})));
}

TEST(WebhookUrl, is_read_in_all_its_forms) {
  struct Case {
    const char* text;
    const char* shown;
    const char* path;
  };
  for (const Case& row : {Case{"http://host", "http://host:80", "/"}, Case{"https://host", "https://host:443", "/"},
                          Case{"http://host:8080/a/b?c=d", "http://host:8080", "/a/b?c=d"},
                          Case{"http://[::1]:9/x#fragment", "http://[::1]:9", "/x"},
                          Case{"http://[fe80::1]/", "http://[fe80::1]:80", "/"},
                          Case{"https://user:p@ss@host?q", "https://host:443", "/?q"}}) {
    const auto url = parse_webhook_url(row.text);
    ASSERT_TRUE(url.has_value()) << row.text << ": " << url.error();
    EXPECT_EQ(origin(*url), row.shown);
    EXPECT_EQ(url->path, row.path);
  }
  EXPECT_EQ(parse_webhook_url("https://user:p@ss@host")->user, "user");
  EXPECT_EQ(parse_webhook_url("https://user:p@ss@host")->password, "p@ss");
}

TEST(WebhookUrl, that_is_none_is_refused_without_repeating_its_secrets) {
  for (const char* text : {"", "host", "ftp://host/", "http://", "http:///path", "http://host:0/", "http://host:99999/",
                           "http://host:x/", "http://host/a b", "http://host/a\r\nX: y", "http://ho st/secret"}) {
    const auto url = parse_webhook_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_THAT(url.error(), ::testing::Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace sentinel
