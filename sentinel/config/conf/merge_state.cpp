#include "sentinel/config/conf/merge_state.h"

#include <algorithm>
#include <map>

namespace sentinel::conf {
namespace {

template <typename Records>
auto* find_of(Records& records, const std::string& group) {
  const auto found =
      std::find_if(records.begin(), records.end(), [&](const auto& record) { return record.group == group; });
  return found == records.end() ? nullptr : &*found;
}

class Merge {
 public:
  Merge(const DaemonConfig& config, RestoredState stored) : config_(config), stored_(std::move(stored)) {
    // A file without an id is the operator's template: no sentinel has had a say in it.
    keep_stored_nodes_ = config.conf_state.untouched || config.conf_state.self.value.empty();
  }

  StateMerge run() {
    merge_.restored.current_epoch = config_.conf_state.current_epoch;
    merge_.restored.votes = stored_.votes;  // Of groups that are not watched now, too.
    merge_.restored.last_failovers = stored_.last_failovers;
    for (const PeerRecord& peer : stored_.peers)
      if (!watched(peer.group)) merge_.restored.peers.push_back(peer);
    for (std::size_t i = 0; i < config_.groups.size(); ++i) {
      const ConfGroupState& state = config_.conf_state.groups[i];
      merge_.groups.push_back(settings(config_.groups[i]));
      vote(state);
      configuration(config_.groups[i], state);
      replicas(state);
      sentinels(state);
    }
    return std::move(merge_);
  }

 private:
  bool watched(const std::string& group) const {
    return std::any_of(config_.groups.begin(), config_.groups.end(),
                       [&](const GroupSettings& settings) { return settings.name == group; });
  }

  GroupSettings settings(GroupSettings group) const {
    const auto found = std::find_if(stored_.groups.begin(), stored_.groups.end(), [&](const GroupRecord& record) {
      return record.monitored && record.settings.name == group.name;
    });
    if (found == stored_.groups.end()) return group;
    const GroupSettings& known = found->settings;
    group.crash_detection = known.crash_detection;
    group.crash_confirm = known.crash_confirm;
    group.evidence_hold_max = known.evidence_hold_max;
    group.write_safety = known.write_safety;
    group.min_replicas = known.min_replicas;
    group.max_lag = known.max_lag;
    group.on_empty_restart = known.on_empty_restart;
    group.loading_timeout = known.loading_timeout;
    group.rescue = known.rescue;
    group.rescue_deadline = known.rescue_deadline;
    group.rescue_bytes_max = known.rescue_bytes_max;
    group.rescue_keep = known.rescue_keep;
    return group;
  }

  // R-E2: a vote that the file knows and the state file doesn't was given to
  // somebody. With no candidate on record it is repeated to nobody.
  void vote(const ConfGroupState& state) {
    if (state.leader_epoch.value == 0) return;
    VoteRecord* known = find_of(merge_.restored.votes, state.name);
    if (known != nullptr && known->epoch >= state.leader_epoch) return;
    const VoteRecord unknown{state.name, state.leader_epoch, {}};
    if (known != nullptr)
      *known = unknown;
    else
      merge_.restored.votes.push_back(unknown);
    merge_.imported.push_back(unknown);
  }

  void configuration(const GroupSettings& group, const ConfGroupState& state) {
    const ConfigRecord* known = find_of(stored_.configs, state.name);
    const bool stored_wins =
        known != nullptr &&
        (known->epoch > state.config_epoch || (known->epoch == state.config_epoch && known->master == group.master));
    if (stored_wins) {
      merge_.restored.configs.push_back(*known);
    } else if (known != nullptr || state.config_epoch.value > 0) {
      const ConfigRecord told{state.name, state.config_epoch, group.master, {}, {}};
      merge_.restored.configs.push_back(told);
      merge_.imported.push_back(told);
    }
  }

  void replicas(const ConfGroupState& state) {
    std::vector<Endpoint> all = state.replicas;
    const auto listed = [&](const Endpoint& at) { return std::find(all.begin(), all.end(), at) != all.end(); };
    std::vector<Endpoint> stored;
    for (const ReplicaRecord& record : stored_.replicas) {
      if (record.group != state.name || !record.known) continue;
      stored.push_back(record.at);
      if (listed(record.at)) continue;
      if (keep_stored_nodes_)
        all.push_back(record.at);
      else
        merge_.imported.push_back(ReplicaRecord{state.name, record.at, false});
    }
    for (const Endpoint& at : all) {
      const ReplicaRecord record{state.name, at, true};
      merge_.restored.replicas.push_back(record);
      if (std::find(stored.begin(), stored.end(), at) == stored.end()) merge_.imported.push_back(record);
    }
  }

  void sentinels(const ConfGroupState& state) {
    std::map<NodeId, Endpoint> all(state.sentinels.begin(), state.sentinels.end());
    std::map<NodeId, Endpoint> stored;
    for (const PeerRecord& record : stored_.peers) {
      if (record.group != state.name || !record.known) continue;
      stored[record.id] = record.at;
      if (all.contains(record.id)) continue;
      if (keep_stored_nodes_)
        all[record.id] = record.at;
      else
        merge_.imported.push_back(PeerRecord{state.name, record.id, record.at, false});
    }
    for (const auto& [id, at] : all) {
      const PeerRecord record{state.name, id, at, true};
      merge_.restored.peers.push_back(record);
      const auto known = stored.find(id);
      if (known == stored.end() || known->second != at) merge_.imported.push_back(record);
    }
  }

  const DaemonConfig& config_;
  RestoredState stored_;
  bool keep_stored_nodes_;
  StateMerge merge_;
};

}  // namespace

StateMerge merge_state(const DaemonConfig& config, RestoredState stored) {
  return Merge(config, std::move(stored)).run();
}

}  // namespace sentinel::conf
