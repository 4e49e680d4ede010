#include "sentinel/net/fenced_node.h"

namespace sentinel {

FencedNode parse_fenced_node(std::string_view text) {
  FencedNode node;
  node.info = parse_node_info(text);
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    if (key == "repl_backlog_first_byte_offset") node.backlog_first = parse_unsigned(value, UINT64_MAX).value_or(0);
    const auto database = key.starts_with("db") ? parse_unsigned(key.substr(2), 1'000'000) : std::nullopt;
    if (!database || !value.starts_with("keys=")) continue;
    ++node.databases;
    node.database = static_cast<unsigned>(*database);
  }
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
