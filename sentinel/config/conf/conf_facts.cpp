#include "sentinel/config/conf/conf_facts.h"

#include <algorithm>

#include "common/overloaded.h"

namespace sentinel::conf {
namespace {

class Folder {
 public:
  explicit Folder(ConfFacts& facts) : facts_(facts) {
    for (std::size_t i = 0; i < facts_.groups.size(); ++i) index_[facts_.groups[i].settings.name] = i;
  }

  void apply(const VoteRecord& it) {
    saw(it.epoch);
    if (it.candidate.value.empty()) return;
    if (GroupFacts* group = find(it.group)) group->leader_epoch = std::max(group->leader_epoch, it.epoch);
  }
  void apply(const ConfigRecord& it) {
    saw(it.epoch);
    GroupFacts* group = find(it.group);
    if (group == nullptr) return;
    group->config_epoch = it.epoch;
    group->master = it.master;
  }
  void apply(const ReplicaRecord& it) {
    GroupFacts* group = find(it.group);
    if (group == nullptr) return;
    std::erase(group->replicas, it.at);
    if (it.known) group->replicas.push_back(it.at);
  }
  void apply(const PeerRecord& it) {
    GroupFacts* group = find(it.group);
    if (group == nullptr) return;
    if (it.known)
      group->sentinels[it.id] = it.at;
    else
      group->sentinels.erase(it.id);
  }
  void apply(const GroupRecord& it) {
    const std::string& name = it.settings.name;
    GroupFacts* group = find(name);
    if (!it.monitored) return remove(name);
    if (group != nullptr) {
      group->settings = it.settings;
      return;
    }
    GroupFacts fresh{.settings = it.settings, .master = it.settings.master};
    if (const auto vote = facts_.removed_votes.find(name); vote != facts_.removed_votes.end())
      fresh.leader_epoch = vote->second;
    index_[name] = facts_.groups.size();
    facts_.groups.push_back(std::move(fresh));
  }
  void apply(const FailoverRecord&) {}

 private:
  GroupFacts* find(const std::string& name) {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &facts_.groups[found->second];
  }
  void saw(Epoch epoch) { facts_.current_epoch = std::max(facts_.current_epoch, epoch); }
  void remove(const std::string& name) {
    GroupFacts* group = find(name);
    if (group == nullptr) return;
    facts_.removed_votes[name] = group->leader_epoch;
    facts_.groups.erase(facts_.groups.begin() + static_cast<std::ptrdiff_t>(index_[name]));
    index_.clear();
    for (std::size_t i = 0; i < facts_.groups.size(); ++i) index_[facts_.groups[i].settings.name] = i;
  }

  ConfFacts& facts_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace

void fold(ConfFacts& facts, const std::vector<Record>& records) {
  Folder folder(facts);
  for (const Record& record : records) std::visit([&](const auto& it) { folder.apply(it); }, record);
}

ConfFacts initial_facts(const DaemonConfig& config, const NodeId& self, const RestoredState& restored) {
  ConfFacts facts{.self = self,
                  .current_epoch = std::max(config.conf_state.current_epoch, restored.current_epoch),
                  .process = config.conf,
                  .overrides = config.overrides};
  for (std::size_t i = 0; i < config.groups.size(); ++i)
    facts.groups.push_back({.settings = config.groups[i],
                            .master = config.groups[i].master,
                            .leader_epoch = config.conf_state.groups[i].leader_epoch});
  std::vector<Record> records;
  const auto add = [&](const auto& list) { records.insert(records.end(), list.begin(), list.end()); };
  add(restored.votes);
  add(restored.configs);
  add(restored.replicas);
  add(restored.peers);
  fold(facts, records);
  for (const VoteRecord& vote : restored.votes) facts.removed_votes[vote.group] = vote.epoch;
  return facts;
}

}  // namespace sentinel::conf
