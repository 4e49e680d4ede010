"""Bugs of the core that the simulation must find: what a tired developer could
have written. MUTANT is true while the mutant is active."""

from dataclasses import dataclass


@dataclass
class Mutant:
    name: str
    file: str  # In sentinel/core.
    find: str
    put: str
    faults: str = ""  # Only these kinds, by comma, where chance alone would take long to find it.
    stock: bool = False  # Only with stock sentinels in the quorum.


MUTANTS = [
    # --- Votes (R-E2).
    Mutant("vote-twice", "ballot.cpp",
           "if (epoch == voted_epoch_ && voted_for_ != candidate) return VoteRefusal::AlreadyVoted;",
           "if (!MUTANT && epoch == voted_epoch_ && voted_for_ != candidate) return VoteRefusal::AlreadyVoted;"),
    Mutant("vote-in-the-past", "ballot.cpp",
           "if (epoch < epoch_) return VoteRefusal::StaleEpoch;",
           "if (!MUTANT && epoch < epoch_) return VoteRefusal::StaleEpoch;"),
    Mutant("answer-before-the-disk", "group_election.cpp",
           "turn.act_after_persist(SendPeer{from, reply});",
           "if (MUTANT) turn.act(SendPeer{from, reply}); else turn.act_after_persist(SendPeer{from, reply});"),
    Mutant("count-own-vote-before-the-disk", "group_election.cpp",
           "if (granted >= votes_needed(turn) && electing->self_durable) return become_leader(turn);",
           "if (MUTANT && granted >= votes_needed(turn)) electing->self_durable = true;\n"
           "  if (granted >= votes_needed(turn) && electing->self_durable) return become_leader(turn);"),
    Mutant("forget-votes-at-start", "ballot.cpp",
           "  voted_epoch_ = epoch;\n  voted_for_ = std::move(voted_for);",
           "  if (MUTANT) return;\n  voted_epoch_ = epoch;\n  voted_for_ = std::move(voted_for);"),
    Mutant("forget-votes-of-removed-groups", "coordinator_impl.cpp",
           "  if (retired.empty()) return;",
           "  if (MUTANT || retired.empty()) return;"),
    Mutant("skip-the-vote-record", "group_election.cpp",
           "    turn.persist(VoteRecord{name(), request.epoch, from});\n",
           "    if (!MUTANT) turn.persist(VoteRecord{name(), request.epoch, from});\n"),
    Mutant("refusals-count", "group_election.cpp",
           "  if (reply.refusal == VoteRefusal::None) {",
           "  if (MUTANT || reply.refusal == VoteRefusal::None) {"),
    Mutant("old-replies-count", "group_election.cpp",
           "if (electing == nullptr || reply.epoch != electing->epoch || reply.round != electing->round) return;",
           "if (electing == nullptr || (!MUTANT && (reply.epoch != electing->epoch || reply.round != electing->round))) "
           "return;"),
    Mutant("minority-elects", "group_election.cpp",
           "  return campaign_ && campaign_->forced ? most : std::max(most, settings_.quorum);",
           "  if (MUTANT) return most - 1;\n"
           "  return campaign_ && campaign_->forced ? most : std::max(most, settings_.quorum);"),
    Mutant("stale-configuration-wins", "group_election.cpp",
           "if (request.config_epoch < config_epoch_) return VoteRefusal::StaleConfig;",
           "if (!MUTANT && request.config_epoch < config_epoch_) return VoteRefusal::StaleConfig;"),
    # --- The lease (R-E6).
    Mutant("break-promises", "ballot.cpp",
           "if (promised_to_other(now, candidate)) return VoteRefusal::LeaseHeld;",
           "if (!MUTANT && promised_to_other(now, candidate)) return VoteRefusal::LeaseHeld;"),
    Mutant("promise-nothing-after-a-restart", "ballot.cpp",
           "  if (!voted_for_.value.empty()) promised_until_ = now + lease_;",
           "  if (!MUTANT && !voted_for_.value.empty()) promised_until_ = now + lease_;",
           "node-kill,leader-stall,sentinel-crash-after-durable,sentinel-crash"),
    Mutant("ignore-the-lease", "group_election.cpp",
           "  return campaign_ && turn.now < campaign_->lease.valid_until(authority_needed(turn));",
           "  return campaign_ && (MUTANT || turn.now < campaign_->lease.valid_until(authority_needed(turn)));"),
    Mutant("lease-too-long", "lease.h",
           "usable_(length * 9 / 10)",
           "usable_(MUTANT ? length * 2 : length * 9 / 10)"),
    Mutant("lease-of-a-minority", "group_election.cpp",
           "turn.now < campaign_->lease.valid_until(authority_needed(turn))",
           "turn.now < campaign_->lease.valid_until(MUTANT ? 1 : authority_needed(turn))",
           "node-kill,node-pause,partition,clog"),
    Mutant("release-too-early", "group_failover.cpp",
           "void Group::become_promoting(Turn& turn, Node& chosen) {",
           "void Group::become_promoting(Turn& turn, Node& chosen) {\n"
           "  if (MUTANT)\n"
           "    each_vigil_up(turn, [&](const NodeId& id) {\n"
           "      turn.act(SendPeer{id, LeaseRequest{name(), campaign_->epoch, 0, true}});\n"
           "    });"),
    # --- Configurations (R-C).
    Mutant("adopt-equal-epochs", "group_config.cpp",
           "  if (message.epoch == newest) {",
           "  if (MUTANT && message.epoch == newest && !master_->is_at(message.master)) {\n"
           "    return offer_config(turn, {message.epoch, message.master, message.run_id, message.leader, from, 0});\n"
           "  }\n"
           "  if (message.epoch == newest) {"),
    Mutant("ignore-newer-configurations", "group_config.cpp",
           "  if (message.epoch == newest) {",
           "  if (MUTANT || message.epoch == newest) {"),
    Mutant("announce-before-the-disk", "group_config.cpp",
           "if (!turn.store_healthy && !ours) apply_config",
           "if (MUTANT || (!turn.store_healthy && !ours)) apply_config"),
    Mutant("forget-the-configuration", "group_config.cpp",
           "  config.batch = turn.persist(ConfigRecord{name(), config.epoch, config.master, config.run_id, "
           "config.leader});",
           "  config.batch = MUTANT ? turn.numbers.batch\n"
           "                        : turn.persist(ConfigRecord{name(), config.epoch, config.master, config.run_id, "
           "config.leader});"),
    Mutant("trust-hellos", "group_config.cpp",
           "  if (node != nullptr && node != master_ && !node->info_asked) ask_info(turn, *node);",
           "  if (MUTANT && node != nullptr && node != master_ && is_member(turn.peers, hello.id))\n"
           "    return offer_config(turn, {hello.config_epoch, node->at, node->run_id, hello.id, hello.id, 0});\n"
           "  if (node != nullptr && node != master_ && !node->info_asked) ask_info(turn, *node);",
           "forged-hello,sentinel-crash,sentinel-pause,partition"),
    Mutant("tell-nobody", "group_config.cpp",
           "    if (peer.is(PeerKind::Vigil) && id != config.told_by) send_config(turn, id);\n  speak_hello",
           "    if (!MUTANT && peer.is(PeerKind::Vigil) && id != config.told_by) send_config(turn, id);\n  speak_hello"),
    # --- Strangers and corrections (R-C5, R-C6).
    Mutant("know-no-strangers", "group_identity.cpp",
           "    node.foreign = stranger || node.claimed;",
           "    node.foreign = stranger && !MUTANT;"),
    Mutant("command-before-info", "group.cpp",
           "  node.info_asked = false;\n  node.identified = false;\n  node.liveness.link_up(turn.ear());",
           "  node.info_asked = false;\n  node.identified = MUTANT && node.has_info;\n"
           "  node.liveness.link_up(turn.ear());",
           "foreign-node,node-kill,clog"),
    Mutant("correct-nothing", "group_correction.cpp",
           "  const auto kind = wrong(node);\n  if (!kind ||",
           "  const auto kind = wrong(node);\n  if (MUTANT || !kind ||"),
    Mutant("leave-old-masters-alone", "group_correction.cpp",
           "  if (node.info.role == NodeRole::Master) return Wrong::IsMaster;",
           "  if (node.info.role == NodeRole::Master) return MUTANT ? std::nullopt : std::optional(Wrong::IsMaster);"),
    # --- The failover (R-F, R-L4).
    Mutant("act-on-stale-offsets", "group_failover.cpp",
           "void Group::run(Turn& turn, Refreshing& step) {",
           "void Group::run(Turn& turn, Refreshing& step) {\n"
           "  if (MUTANT) {\n"
           "    for (const auto& node : nodes_) node->has_info = node->info_at != TimePoint{};\n"
           "    step.started = TimePoint{};\n"
           "    return choose_replica(turn);\n"
           "  }"),
    Mutant("prefer-the-least-data", "promotion.cpp",
           "r.priority, UINT64_MAX - r.offset,",
           "r.priority, MUTANT ? r.offset : UINT64_MAX - r.offset,"),
    Mutant("swap-without-draining", "group_failover.cpp",
           "  if (campaign_->forced && !campaign_->paused && master_->answering()",
           "  if (!MUTANT && campaign_->forced && !campaign_->paused && master_->answering()",
           "operator-failover"),
    Mutant("believe-a-refused-promotion", "group_failover.cpp",
           "    if (input.ok && input.info && input.info->role == NodeRole::Master)\n"
           "      return become_committing(turn, node, *input.info);",
           "    if (input.info && (MUTANT || (input.ok && input.info->role == NodeRole::Master)))\n"
           "      return become_committing(turn, node, *input.info);\n"
           "    if (MUTANT) return become_committing(turn, node, node.info);"),
    # --- Many at once (R-F6).
    Mutant("ignore-the-cap", "failover_order.h",
           "return parallel_max_ != 0 && running_.size() >= parallel_max_;",
           "return !MUTANT && parallel_max_ != 0 && running_.size() >= parallel_max_;",
           "storm,node-kill,partition"),
    Mutant("least-important-first", "group.h",
           "{in_vain_, settings_.priority, o_down_since_, serial_}",
           "{in_vain_, MUTANT ? 1000 - settings_.priority : settings_.priority, o_down_since_, serial_}",
           "storm,node-kill,partition"),
    # --- Detection and safety (R-D, R-L1).
    Mutant("down-at-once", "liveness.h",
           "  TimePoint down_at() const { return last_ok_ + down_after_; }",
           "  TimePoint down_at() const { return last_ok_ + (MUTANT ? ping_period() : down_after_); }"),
    Mutant("agree-with-nobody", "group_detection.cpp",
           "  const bool down = view_down(turn) && count >= settings_.quorum;  // R-D7",
           "  const bool down = MUTANT ? view_down(turn) && count > electorate(turn.peers)\n"
           "                           : view_down(turn) && count >= settings_.quorum;"),
    Mutant("forget-write-safety", "group_safety.cpp",
           "  const bool moving = node.repoint_token ||",
           "  if (MUTANT) return;\n  const bool moving = node.repoint_token ||"),
    # --- Fence and rescue (R-L5, R-L6).
    Mutant("forget-the-fence", "group_correction.cpp",
           "turn.process.promote_timeout, master_->told(), is_master,",
           "turn.process.promote_timeout, master_->told(), is_master && !MUTANT,"),
    Mutant("lift-the-fence-of-others", "group_safety.cpp",
           "  if (wrong(node) == Wrong::IsMaster) return;",
           "  if (!MUTANT && wrong(node) == Wrong::IsMaster) return;"),
    Mutant("skip-the-rescue", "group_rescue.cpp",
           "  if (settings_.rescue == Rescue::Off ||",
           "  if (MUTANT || settings_.rescue == Rescue::Off ||"),
    Mutant("rescue-from-too-late", "group_rescue.cpp",
           "left != forks_.end()) return left->second;",
           "left != forks_.end()) return left->second + (MUTANT ? 1 : 0);"),
    # --- Stock sentinels (R-M).
    Mutant("count-stock-votes-for-others", "group_stock.cpp",
           "    if (for_us && view.leader_epoch == electing->epoch) {",
           "    if ((MUTANT || for_us) && view.leader_epoch == electing->epoch) {",
           "node-kill,node-pause", stock=True),
    Mutant("vote-for-stock-off-the-record", "group_election.cpp",
           "  turn.persist(VoteRecord{name(), wanted, candidate});",
           "  if (!MUTANT) turn.persist(VoteRecord{name(), wanted, candidate});",
           "node-kill,node-pause", stock=True),
    Mutant("believe-no-stock-configuration", "group_stock.cpp",
           "  weigh_stock_config(turn, told);\n",
           "  if (!MUTANT) weigh_stock_config(turn, told);\n",
           "node-kill,node-pause", stock=True),
]
