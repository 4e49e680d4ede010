#include "sentinel/core/host_names.h"

#include <algorithm>

namespace sentinel {

namespace {
// IPv4 addresses have one spelling.
bool is_plain_ipv4(const std::string& host) { return host.find_first_not_of("0123456789.") == std::string::npos; }
}  // namespace

std::string HostNames::address_of(const std::string& host) const {
  if (auto numeric = numeric_address(host)) return *std::move(numeric);
  const auto known = names_.find(host);
  return known == names_.end() ? std::string{} : known->second.address;
}

bool HostNames::same_host(const std::string& a, const std::string& b) const {
  if (a == b) return true;
  if (is_plain_ipv4(a) && is_plain_ipv4(b)) return false;  // The ordinary case, asked very often.
  const std::string address = address_of(a);
  return !address.empty() && address == address_of(b);
}

Endpoint HostNames::told(const Endpoint& at, const std::string& reached) const {
  if (announce_) return at;
  if (!reached.empty()) return {reached, at.port};
  std::string address = address_of(at.host);
  // A client may know more of a name than we do.
  return {address.empty() ? at.host : std::move(address), at.port};
}

HostNames::Name& HostNames::entry(const std::string& host) {
  if (const auto known = names_.find(host); known != names_.end()) return known->second;
  if (names_.size() >= kHostNamesMax)
    names_.erase(std::min_element(names_.begin(), names_.end(),
                                  [](const auto& a, const auto& b) { return a.second.asked < b.second.asked; }));
  return names_[host];
}

bool HostNames::wants(TimePoint now, const std::string& host) {
  if (!resolve_ || host.empty() || numeric_address(host)) return false;
  Name& name = entry(host);
  const bool known = !name.address.empty();
  const Millis period = name.waiting ? kHostNamePatience : known ? kHostNameFresh : kHostNameRetry;
  const TimePoint since = name.waiting ? name.asked : name.answered;
  if (since != TimePoint{} && now < since + period) return false;
  name.asked = now;
  name.waiting = true;
  return true;
}

bool HostNames::waits_for(const std::string& host) const {
  const auto known = names_.find(host);
  return known != names_.end() && known->second.waiting && known->second.answered == TimePoint{};
}

bool HostNames::learn(TimePoint now, const std::string& host, const std::vector<std::string>& addresses) {
  if (numeric_address(host)) return false;
  Name& name = entry(host);
  const bool first = name.answered == TimePoint{};
  name.answered = name.asked = now;
  name.waiting = false;
  const bool stays = std::find(addresses.begin(), addresses.end(), name.address) != addresses.end();
  if (addresses.empty() || stays) return first;
  name.address = addresses.front();
  return true;
}

bool HostNames::reached(TimePoint now, const std::string& host, const std::string& address) {
  return !address.empty() && learn(now, host, {address});
}

}  // namespace sentinel
