// Rules R-C6 and R-C8: whose a node is, and which records are one node. A node
// is a process; its names and addresses are attributes.
#include <algorithm>

#include "sentinel/core/group.h"
#include "sentinel/core/limits.h"

namespace sentinel {

namespace {
constexpr Millis kUptimeError{2000};  // INFO counts whole seconds, and we don't know when in them it was asked.
}

// --- One node (R-C8).

void Group::look_up(Turn& turn, const std::string& host) {
  if (numeric_address(host)) return;
  if (names_used_.size() < kNamesPerGroupMax) names_used_.insert(host);
  turn.look_up(host);
}

void Group::on_names_changed(Turn& turn) {
  merge_due_ = true;
  // What it said before may name addresses that nobody is at any more.
  master_->next_info = turn.now;
  tell_conflicts(turn);
}

// The node whose process this is, if it is connected.
Node* Group::find_process(const std::string& run_id) {
  for (const auto& node : nodes_)
    if (!run_id.empty() && node->identified && node->run_id == run_id) return node.get();
  return nullptr;
}

bool Group::one_node(const Node& a, const Node& b) const {
  const auto address = [&](const Node& node) { return node.connected ? node.ip : names_.address_of(node.at.host); };
  // What two names stood for when they were last looked up proves nothing: nodes may have exchanged their addresses.
  const bool proved = a.connected || b.connected || numeric_address(a.at.host) || numeric_address(b.at.host);
  if (proved && a.at.port == b.at.port && !address(a).empty() && address(a) == address(b)) return true;
  return !a.run_id.empty() && a.run_id == b.run_id && (a.identified || b.identified);
}

// Of two records of one node, that to drop.
Node& Group::superfluous(Node& a, Node& b) const {
  if (&a == master_ || &b == master_) return &a == master_ ? b : a;
  if (a.connected != b.connected) return a.connected ? b : a;
  // What its master lists would be found again; a name outlives an address.
  const auto listed = [&](const Node& node) {
    const auto& replicas = master_->info.replicas;
    return std::any_of(replicas.begin(), replicas.end(), [&](const Endpoint& at) { return node.is_at(at); });
  };
  if (listed(a) != listed(b)) return listed(a) ? b : a;
  return numeric_address(a.at.host) ? a : b;
}

void Group::merge_records(Turn& turn) {
  if (campaign_ || pending_) return;  // A failover keeps the records that it began with.
  merge_due_ = false;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (std::size_t j = i + 1; j < nodes_.size();) {
      if (!one_node(*nodes_[i], *nodes_[j])) {
        ++j;
        continue;
      }
      Node& drop = superfluous(*nodes_[i], *nodes_[j]);
      const bool first = &drop == nodes_[i].get();
      if (drop.at == previous_master_) previous_master_ = nodes_[first ? j : i]->at;
      unwatch(turn, drop);
      if (first) j = i + 1;
    }
  }
}

// --- The same master by another name.

bool Group::is_our_master(const ConfigMessage& message) const {
  return master_->is_at(message.master) || (!message.run_id.empty() && message.run_id == master_->run_id);
}

// Conflicts that were not told while it was not known what a name stands for.
void Group::tell_conflicts(Turn& turn) {
  if (pending_) return;
  const auto told = peer_configs_;
  for (const auto& [id, config] : told) {
    const Peer* peer = turn.peers.find(id);
    if (peer == nullptr || !peer->is(PeerKind::Vigil) || config.epoch != config_epoch_ || pending_) continue;
    if (is_member(turn.peers, id) && !is_our_master(config)) conflict(turn, id, config, true);
  }
}

// --- Whose it is (R-C6).

// Not: whatever answers where a name or address of ours leads now.
bool Group::follows_ours(const NodeInfo& info) const {
  if (info.role != NodeRole::Replica || !info.master) return false;
  const Node* master = find(*info.master);
  return master != nullptr && master->identified && !master->foreign;
}

bool Group::is_stranger(const Turn& turn, const Node& node, const NodeInfo& info) const {
  if (histories_.contains(info.replication_id)) return false;
  const bool replica = info.role == NodeRole::Replica;
  if (replica && info.master && find(*info.master) == nullptr) return true;
  if (!node.moved || histories_.empty() || histories_.contains(info.replication_id2)) return false;
  // Where a name of ours leads since: our own node that came back empty, or somebody else's? Our own began to run after
  // the one we knew had gone, has no other history, and whoever copies from it is one of ours.
  const bool ran_before =
      info.uptime && node.heard_at != TimePoint{} && turn.now - *info.uptime + kUptimeError < node.heard_at;
  if (replica) return ran_before || (info.master_link_up && !follows_ours(info));
  const bool serves_others =
      !info.replicas.empty() && std::none_of(info.replicas.begin(), info.replicas.end(), [&](const Endpoint& at) {
        const Node* known = find(at);
        return known != nullptr && !known->foreign;
      });
  return ran_before || serves_others || (&node != master_ && info.master_offset > 0);
}

void Group::learn_identity(Turn& turn, Node& node, const NodeInfo& info) {
  const bool first = node.run_id.empty() && !info.run_id.empty();
  const bool rebooted = !node.run_id.empty() && !info.run_id.empty() && node.run_id != info.run_id;
  if (rebooted) emit(turn, "+reboot", Level::Notice, prefix(node));
  if (rebooted && &node == master_ && settings_.master_reboot_down_after > Millis{0}) node.rebooted_at = turn.now;
  if (rebooted && &node == master_ && guards_reboots())
    reborn_ = Reborn{.run_id = info.run_id, .since = turn.now, .lost_at = node.lost_at};
  if (rebooted || (first && !histories_.empty())) {
    const bool stranger = is_stranger(turn, node, info);
    if (stranger && !node.foreign)
      emit(turn, "+foreign-node", Level::Warning,
           prefix(node) + (info.master ? " #follows " + to_string(*info.master)
                                       : " #is another deployment's master at " + node.ip));
    node.foreign = stranger || node.claimed;
  }
  if (first || rebooted) merge_due_ = true;
  if (!info.run_id.empty()) node.run_id = info.run_id;
  if (node.role_reported != info.role) {
    const bool expected = (&node == master_) == (info.role == NodeRole::Master);
    if (node.role_reported != NodeRole::Unknown)
      emit(turn, expected ? "+role-change" : "-role-change", Level::Verbose,
           prefix(node) + " new reported role is " + (info.role == NodeRole::Master ? "master" : "slave"));
    node.role_reported = info.role;
    node.role_since = turn.now;
  }
}

}  // namespace sentinel
