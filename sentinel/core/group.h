// Group watches one master with its replicas and takes part in its failovers.
//
// It is the state machine behind rules R-D (detection), R-E (election), R-F
// (failover), R-C (configuration) and R-L (loss); each has its own file:
//
//   group.cpp             nodes and links, the order of work in advance()
//   group_detection.cpp   pings, subjective and objective down, evidence of life
//   group_election.cpp    who stands, votes, the lease
//   group_failover.cpp    refresh, choose, promote, commit, re-point
//   group_switchover.cpp  what an operator may ask, pause and drain, other people's FAILOVER
//   group_config.cpp      configurations: adopt, switch, conflicts, hellos
//   group_stock.cpp       stock sentinels as members (R-M)
//   group_correction.cpp  strays and returning masters
//   group_identity.cpp    which records are one node, and whose it is
//   group_rescue.cpp      what only a returning master has
//   group_safety.cpp      min-replicas
//   group_status.cpp      snapshots, EXPLAIN
//
// Groups never reference each other. Every method that takes a Turn may add to
// its output; after each, the caller runs advance() and re-arms deadline().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/ballot.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/hold_back.h"
#include "sentinel/core/node.h"
#include "sentinel/core/promotion.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/status.h"
#include "sentinel/core/stock_member.h"
#include "sentinel/core/turn.h"

namespace sentinel {

class Group {
 public:
  // `serial` orders groups where an order must not depend on addresses in memory.
  Group(GroupSettings settings, std::uint64_t serial, const Turn& turn);

  // --- Life. restore_*() come before start().
  // What this process promised for the group before, in an earlier run or before its removal.
  void restore_ballot(Ballot ballot) { ballot_ = std::move(ballot); }
  void restore_epoch(Epoch seen) { ballot_.saw(seen); }
  void restore_config(const ConfigRecord& config);
  void restore_replica(const Endpoint& at) { restored_replicas_.push_back(at); }
  void restore_member(const NodeId& id) { members_.insert(id); }
  void restore_timeline(FailoverTimeline timeline);
  void start(Turn& turn);
  void stop(Turn& turn);
  void change_settings(Turn& turn, GroupSettings settings);
  void change_timers(const Turn& turn);  // The process's have changed.
  void reset(Turn& turn);

  // --- What links report. REQUIRES: the link is one of ours.
  void on_link_up(Turn& turn, const LinkUp& input);
  void on_link_down(Turn& turn, const LinkDown& input);
  void on_ping_reply(Turn& turn, const PingReply& input);
  void on_info(Turn& turn, LinkId link, const NodeInfo& info);
  void on_command_reply(Turn& turn, const CommandReply& input);
  void on_hello(Turn& turn, const Hello& hello);
  // A name of which the group wanted to know has an answer, or what is told has changed.
  void on_names_changed(Turn& turn);
  void look_up(Turn& turn, const std::string& host);
  bool uses_name(const std::string& host) const { return names_used_.contains(host); }

  // --- What peers say.
  // `asks`: we began to watch the group while the peer was connected; it has told us nothing yet.
  void on_peer_up(Turn& turn, const NodeId& id, bool asks = false);
  void on_peer_down(Turn& turn, const NodeId& id);
  void on_message(Turn& turn, const NodeId& from, const ViewMessage& message);
  void on_message(Turn& turn, const NodeId& from, const VoteRequest& message);
  void on_message(Turn& turn, const NodeId& from, const VoteReply& message);
  void on_message(Turn& turn, const NodeId& from, const LeaseRequest& message);
  void on_message(Turn& turn, const NodeId& from, const LeaseReply& message);
  void on_message(Turn& turn, const NodeId& from, const ConfigMessage& message);
  void on_message(Turn& turn, const NodeId& from, const ConfirmRequest& message);
  void on_message(Turn& turn, const NodeId& from, const ConfirmReply& message);

  // --- Stock sentinels (R-M).
  void on_stock_up(Turn& turn, const NodeId& id);
  void on_stock_view(Turn& turn, const StockView& view);
  void on_stock_config(Turn& turn, const StockConfig& told);
  // A discovered member proved its id at another address than before.
  void on_peer_moved(Turn& turn, const NodeId& id);

  // All batches up to this one are on disk.
  void on_persisted(Turn& turn, std::uint64_t batch);
  void on_store_failed(Turn& turn);

  // The operator's failover. The error says why not, in stock's words where stock has some.
  Result<void> force_failover(Turn& turn, const FailoverRequest& request);
  SwitchoverPlan plan(const Turn& turn, const FailoverRequest& request) const;
  // A stock peer's question; its vote goes through the same ballot.
  void stock_vote(Turn& turn, const NodeId& candidate, Epoch epoch);

  // Fires what is due and follows every consequence.
  void advance(Turn& turn);
  // When advance() is next needed by the passing of time alone.
  TimePoint deadline() const { return deadline_; }

  // --- Queries.
  const std::string& name() const { return settings_.name; }
  std::uint64_t serial() const { return serial_; }
  bool watches(LinkId link) const;
  const GroupSettings& settings() const { return settings_; }
  // As it is told: see HostNames.
  const Endpoint& master_address() const { return told_master_; }
  bool master_is_at(const Endpoint& address) const { return master_->is_at(address); }
  // What a stock sentinel is told of our view.
  bool says_down(const Turn& turn) const { return view_down(turn); }
  // Whether a stock sentinel is a member.
  bool mixed(const Peers& peers) const;
  const Ballot& ballot() const { return ballot_; }
  Epoch config_epoch() const { return config_epoch_; }
  Epoch epoch() const { return std::max(ballot_.epoch(), config_epoch_); }
  bool waits_for_disk() const;
  // Its nodes are asked and dialed more often.
  bool failing() const { return failing_; }
  // R-F6. A failover runs until its commit; re-pointing is background work.
  bool runs_failover() const { return campaign_ && !std::holds_alternative<RepointingAll>(step_); }
  bool waits_for_others() const { return waits_for_others_; }
  FailoverOrder::Place place() const { return {in_vain_, settings_.priority, o_down_since_, serial_}; }
  // Opened since the last call.
  std::vector<LinkId> take_new_links() { return std::exchange(new_links_, {}); }
  const std::set<NodeId>& members() const { return members_; }
  bool is_member(const Peers& peers, const NodeId& id) const;
  GroupStatus status(const Turn& turn) const;
  QuorumCheck check_quorum(const Turn& turn) const;
  Explanation explain(const Turn& turn) const;
  const FailoverTimeline* timeline() const;

 private:
  // Nodes (group.cpp).
  Node* find(LinkId link);
  Node* find(const Endpoint& at);
  const Node* find(const Endpoint& at) const;
  Node* find_process(const std::string& run_id);
  void merge_records(Turn& turn);
  bool one_node(const Node& a, const Node& b) const;
  Node& superfluous(Node& a, Node& b) const;
  LinkId open_link(Turn& turn);
  Node& watch(Turn& turn, const Endpoint& at);
  void unwatch(Turn& turn, Node& node);
  Node* add_replica(Turn& turn, const Endpoint& at);
  void set_urgent(Turn& turn, Node& node, bool urgent);
  void update_urgency(Turn& turn);
  void compute_deadline(const Turn& turn);

  // Detection.
  void send_due(Turn& turn);
  void ask_info(Turn& turn, Node& node);
  Millis info_period(const Turn& turn, const Node& node) const;
  void judge(Turn& turn, Node& node);
  std::optional<std::string> down_reason(const Turn& turn, const Node& node) const;
  void judge_objective(Turn& turn);
  unsigned views_down(const Turn& turn) const;
  bool view_down(const Turn& turn) const;
  bool evidence_of_life(const Turn& turn) const;
  void push_view(Turn& turn);
  void tell_view(Turn& turn, const NodeId& to);
  void note_stream(const Turn& turn, Node& node, const NodeInfo& info);
  void judge_peers(Turn& turn);
  void speak_hello(Turn& turn, bool at_once);

  // Election.
  std::optional<HoldBack> held_back(const Turn& turn) const;
  TimePoint may_stand_at(const Turn& turn) const;
  void maybe_stand(Turn& turn);
  void become_candidate(Turn& turn, bool forced);
  void count_votes(Turn& turn);
  void become_leader(Turn& turn);
  void lose_election(Turn& turn, const std::string& why);
  bool master_healthy(const Turn& turn) const;
  std::optional<VoteRefusal> refuses_vote(const Turn& turn, const NodeId& from, const VoteRequest& request) const;
  void renew_lease(Turn& turn);
  bool lease_valid(const Turn& turn) const;
  unsigned electorate(const Peers& peers) const;
  unsigned authority_needed(const Turn& turn) const;
  unsigned votes_needed(const Turn& turn) const;
  unsigned reachable_members(const Turn& turn) const;
  unsigned my_rank(const Turn& turn, bool among_down_views) const;

  // Stock sentinels (R-M).
  void on_stock_hello(Turn& turn, const Hello& hello);
  void ask_stock(Turn& turn);
  void ask_stock_config(Turn& turn, const NodeId& id, std::uint64_t round);
  void tell_stock(Turn& turn, const NodeId& id);
  void stock_deadlines(const Turn& turn, const std::function<void(TimePoint)>& by) const;
  bool watches_stock_failover(const Turn& turn) const;
  std::optional<StockFailover> stock_failover(const Turn& turn) const;
  void note_stock_vote(Turn& turn, const StockConfig& told, TimePoint asked_at);
  void weigh_stock_config(Turn& turn, const StockConfig& told);
  void weigh_claim(Turn& turn);
  void drop_claim(Turn& turn);
  bool claim_blocks(const Turn& turn) const;
  void confirm_corrections(Turn& turn, const StockConfig& told);
  Hello our_hello(const Turn& turn, const std::string& local_ip) const;

  // Failover.
  bool leading() const { return campaign_ && !std::holds_alternative<Electing>(step_); }
  void run_step(Turn& turn);
  void run(Turn& turn, Refreshing& step);
  void run(Turn& turn, Draining& step);
  void run(Turn& turn, Promoting& step);
  void run(Turn& turn, RepointingAll& step);
  void become_refreshing(Turn& turn);
  void choose_replica(Turn& turn);
  void become_draining(Turn& turn, Node& chosen);
  void become_promoting(Turn& turn, Node& chosen);
  void become_committing(Turn& turn, Node& chosen, const NodeInfo& info);
  void become_repointing(Turn& turn);
  void finish(Turn& turn, bool timed_out);
  void abort(Turn& turn, const std::string& event, const std::string& why);
  void end_campaign(Turn& turn, const std::string& outcome);
  void reject(Turn& turn, LinkId chosen, const std::string& why);
  void repoint_due(Turn& turn);
  void send_repoint(Turn& turn, Node& node, bool fence);
  std::optional<std::string> refuses(const Turn& turn, const FailoverRequest& request) const;
  void pause_writes(Turn& turn, Token token);
  void renew_pause(Turn& turn);
  void on_paused(Turn& turn, const CommandReply& input);
  void unpause(Turn& turn);
  void watch_server_failover(Turn& turn);
  TimePoint abort_server_failover_at(const Turn& turn) const;
  bool continues(const Node& replica) const;
  ReplicaView view_of(const Node& node, TimePoint fresh_since) const;
  std::vector<ReplicaView> replica_views(TimePoint fresh_since) const;
  Millis link_down_max(const Turn& turn) const;
  std::string reasons_against(const Turn& turn) const;
  Node* pick(const Turn& turn, TimePoint fresh_since);
  bool may_restore_master() const;
  void mark(const Turn& turn, const std::string& phase);

  // Configuration.
  void offer_config(Turn& turn, PendingConfig config);
  void remember_observed(const Turn& turn, const PendingConfig& config);
  void announce_switch(Turn& turn, const PendingConfig& config);
  void apply_config(Turn& turn, const PendingConfig& config);
  // `proved`: the node it names is a master of ours, or the word is a Vigil member's.
  void conflict(Turn& turn, const NodeId& from, const ConfigMessage& message, bool proved);
  void send_config(Turn& turn, const NodeId& to, bool asks = false) const;
  ConfigMessage config_message() const;
  void learn_replicas(Turn& turn, const NodeInfo& info);
  void learn_master(Turn& turn, const NodeInfo& info);
  void learn_identity(Turn& turn, Node& node, const NodeInfo& info);
  bool is_stranger(const Turn& turn, const Node& node, const NodeInfo& info) const;
  bool follows_ours(const NodeInfo& info) const;
  bool is_our_master(const ConfigMessage& message) const;
  void tell_conflicts(Turn& turn);
  void add_member(Turn& turn, const NodeId& id);
  // Connected members of one kind: who is sent peer messages, and who is asked.
  template <typename Do>
  void each_up(const Turn& turn, PeerKind kind, Do&& act) const;
  template <typename Do>
  void each_vigil_up(const Turn& turn, Do&& act) const {
    each_up(turn, PeerKind::Vigil, std::forward<Do>(act));
  }
  template <typename Do>
  void each_stock_up(const Turn& turn, Do&& act) const {
    each_up(turn, PeerKind::Stock, std::forward<Do>(act));
  }

  // Reboots.
  bool guards_reboots() const;
  bool reborn_with_less() const;
  void note_held(Node& node, const NodeInfo& info);
  const Node* best_holder() const;
  void master_lost(const Turn& turn);
  void judge_reborn(Turn& turn);
  void follow_reborn(Turn& turn);
  TimePoint reborn_deadline() const;

  // Correction.
  enum class Wrong { IsMaster, FollowsOldMaster, FollowsOther };
  void correct(Turn& turn, Node& node);
  std::optional<Wrong> wrong(const Node& node) const;
  bool vote_unresolved(const Turn& turn) const;
  bool may_correct(const Turn& turn) const;
  void ask_confirmation(Turn& turn, Node& node);
  void send_correction(Turn& turn, Node& node);
  bool confirmed(const Turn& turn, const Correction& correction) const;

  // Rescue.
  void learn_fork(const NodeInfo& info);
  std::optional<std::uint64_t> fork_of(const NodeInfo& info) const;
  std::optional<RescueOrder> rescue_order(const Node& node) const;
  void report_rescue(Turn& turn, const Node& node, const RescueOutcome& outcome);

  // Safety.
  void check_safety(Turn& turn, Node& node);
  void on_safety_reply(Turn& turn, Node& node, const CommandReply& input);
  std::optional<unsigned> wanted_min_replicas(const Turn& turn, const Node& node) const;
  bool safety_drifted(const Turn& turn, const Node& node) const;

  // Events (group_status.cpp). The prefix "<type> <name> <ip> <port> [@ ...]".
  std::string prefix(const Node& node) const;
  std::string prefix(const Peer& peer) const;
  void emit(Turn& turn, std::string event, Level level, std::string message) const;

  GroupSettings settings_;
  const std::uint64_t serial_;
  const HostNames& names_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Node* master_ = nullptr;  // In nodes_, once started.
  std::vector<Endpoint> restored_replicas_;
  Endpoint told_master_;              // Of master_, as of the last advance().
  std::set<std::string> names_used_;  // Host names whose addresses matter here.
  bool merge_due_ = false;            // Two records of nodes_ may be one node's.

  // Configuration.
  Epoch config_epoch_;
  Endpoint config_master_;  // Before start(): where master_ will be.
  NodeId config_leader_;
  std::optional<PendingConfig> pending_;
  std::map<NodeId, ConfigMessage> peer_configs_;
  TimePoint switched_at_{};
  std::string history_;                         // Replication id of the master, as last reported.
  std::set<std::string> histories_;             // Every replication id that was this group's.
  std::map<std::string, std::uint64_t> forks_;  // R-L6: from which offset on a former history is not ours.
  Endpoint previous_master_;
  std::optional<Reborn> reborn_;  // R-L20: our master came back, and is not followed, or not judged yet.
  std::optional<Epoch> conflict_reported_;

  // Agreement.
  struct View {
    std::uint64_t version = 0;
    Endpoint master;
    bool down = false;
    TimePoint expires = kNever;  // Of a stock sentinel's (R-M2).
  };
  std::map<NodeId, View> views_;
  std::uint64_t view_version_ = 0;
  bool view_sent_down_ = false;
  bool o_down_ = false;
  TimePoint o_down_since_{};
  std::optional<TimePoint> life_proved_;  // R-D5, monotonic.
  std::string life_witness_;
  bool held_reported_ = false;
  bool no_candidate_reported_ = false;
  bool waits_for_others_ = false;  // And for nothing else: the coordinator wakes it.

  // Election.
  Ballot ballot_;
  std::set<NodeId> members_;  // Discovered ones, without us.
  TimePoint next_attempt_{};
  unsigned attempts_ = 0;
  unsigned in_vain_ = 0;  // Failovers that we led and gave up, since the last that succeeded.
  struct PeerVote {
    NodeId voted_for;
    Epoch epoch;
  };
  std::map<NodeId, PeerVote> peer_votes_;
  std::map<NodeId, TimePoint> peer_down_since_;  // Connection lost; s_down after down_after.
  std::set<NodeId> peer_s_down_;
  std::map<NodeId, TimePoint> peer_hello_at_;
  std::map<NodeId, StockMember> stock_;  // Those that are up.
  std::optional<StockClaim> claim_;
  std::optional<TimePoint> suspected_since_;

  // Failover.
  FailoverStep step_;
  std::optional<Campaign> campaign_;
  std::optional<FailoverTimeline> last_timeline_;
  std::optional<TimePoint> server_failover_since_;  // R-L8: seen in the master's INFO without a break.

  TimePoint next_hello_{};
  TimePoint deadline_ = kNever;
  bool failing_ = false;
  std::vector<LinkId> new_links_;
};

template <typename Do>
void Group::each_up(const Turn& turn, PeerKind kind, Do&& act) const {
  for (const auto& [id, peer] : turn.peers.all())
    if (peer.is(kind) && id != turn.process.self && is_member(turn.peers, id)) act(id);
}

}  // namespace sentinel
