#include "sentinel/net/fenced_node.h"

#include "sentinel/core/info_fields.h"

namespace sentinel {

FencedNode parse_fenced_node(std::string_view text) {
  FencedNode node;
  node.info = parse_node_info(text);
  for_each_info_field(text, [&](std::string_view key, std::string_view value) {
    if (key == "repl_backlog_first_byte_offset") node.backlog_first = parse_unsigned(value, UINT64_MAX).value_or(0);
    const auto database = key.starts_with("db") ? parse_unsigned(key.substr(2), 1'000'000) : std::nullopt;
    if (!database || !value.starts_with("keys=")) return;
    ++node.databases;
    node.database = static_cast<unsigned>(*database);
  });
  return node;
}

RescuePlan plan_rescue(const RescueOrder& order, const FencedNode& node) {
  using Kind = RescuePlan::Kind;
  RescuePlan plan;
  if (node.info.role != NodeRole::Master) return plan;  // Somebody was faster.
  if (!order.from) {
    if (node.databases == 0) return plan;
    plan.why = "its stream has nothing in common with the master's: it restarted, or came from elsewhere";
  } else {
    if (node.info.master_offset < *order.from) return plan;
    plan.bytes = node.info.master_offset - *order.from + 1;
    if (node.backlog_first != 0 && node.backlog_first <= *order.from) {
      plan.kind = Kind::Stream;
      return plan;
    }
    plan.why = "its backlog does not reach back to where the histories part";
  }
  plan.kind = order.snapshot ? Kind::Snapshot : Kind::Lost;
  return plan;
}

}  // namespace sentinel
