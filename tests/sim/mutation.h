// Planted bugs of the world around the core: each must be reported by the
// invariants, or the simulation proves nothing.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace sentinel::sim {

enum class Mutation {
  None,
  ForgetVotes,       // A crash loses votes that were durable.
  ForgetConfigs,     // A crash loses configurations that were durable.
  ActBeforeDurable,  // after_persist leaves ahead of the disk.
  ForgeVotes,        // Refused votes arrive as granted.
  CorruptConfigs,    // An announced configuration names another master.
  LeaseMismatch,     // One sentinel believes in its lease far longer than the others promised.
  ForgetAlerts,      // A crash loses alerts that were durable.
  RashMembers,       // The operator changes two seats of the peers list in one step.
  FalseReplies,      // SLAVEOF host port is answered and not done.
};

struct MutationName {
  Mutation mutation;
  std::string_view name;
};
inline constexpr std::array kMutations{
    MutationName{Mutation::None, "none"},
    MutationName{Mutation::ForgetVotes, "forget-votes"},
    MutationName{Mutation::ForgetConfigs, "forget-configs"},
    MutationName{Mutation::ActBeforeDurable, "act-before-durable"},
    MutationName{Mutation::ForgeVotes, "forge-votes"},
    MutationName{Mutation::CorruptConfigs, "corrupt-configs"},
    MutationName{Mutation::LeaseMismatch, "lease-mismatch"},
    MutationName{Mutation::ForgetAlerts, "forget-alerts"},
    MutationName{Mutation::RashMembers, "rash-members"},
    MutationName{Mutation::FalseReplies, "false-replies"},
};

constexpr std::optional<Mutation> parse_mutation(std::string_view name) {
  for (const auto& each : kMutations) {
    if (each.name == name) return each.mutation;
  }
  return std::nullopt;
}

}  // namespace sentinel::sim
