// What was refused lately, for ACL LOG. Equal refusals within a minute are one
// entry, so that a client that tries again and again does not hide the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "common/time.h"

namespace sentinel {

inline constexpr Millis kAclLogMergeWithin{60'000};
inline constexpr std::size_t kAclLogClientBytesMax = 1024;
inline constexpr std::size_t kAclLogNameBytesMax = 256;  // Of what a client sent; the rest is cut.

enum class AclLogReason { Command, Channel, Auth };

struct AclLogEntry {
  AclLogReason reason = AclLogReason::Command;
  std::string object;  // The command, the channel; how the password was given.
  std::string user;
  std::string client;  // As CLIENT LIST shows it.
  TimePoint at{};
  std::uint64_t count = 1;
};

class AclLog {
 public:
  explicit AclLog(std::size_t entries_max) : entries_max_(entries_max) {}

  void add(AclLogEntry entry);
  void clear() { entries_.clear(); }
  const std::list<AclLogEntry>& entries() const { return entries_; }  // The latest first.

 private:
  std::size_t entries_max_;
  std::list<AclLogEntry> entries_;
};

}  // namespace sentinel
