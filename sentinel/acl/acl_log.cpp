#include "sentinel/acl/acl_log.h"

#include <algorithm>

namespace sentinel {

void AclLog::add(AclLogEntry entry) {
  for (std::string* text : {&entry.object, &entry.user}) {
    if (text->size() > kAclLogNameBytesMax) text->resize(kAclLogNameBytesMax);
  }
  if (entry.client.size() > kAclLogClientBytesMax) entry.client.resize(kAclLogClientBytesMax);
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const AclLogEntry& other) {
    return other.reason == entry.reason && entry.at - other.at <= kAclLogMergeWithin && other.object == entry.object &&
           other.user == entry.user;
  });
  if (same != entries_.end()) {
    entry.count += same->count;
    entries_.erase(same);
  }
  entries_.push_front(std::move(entry));
  while (entries_.size() > entries_max_) entries_.pop_back();
}

}  // namespace sentinel
