#include "sentinel/core/peer_message.h"

#include "common/check.h"
#include "common/overloaded.h"
#include "sentinel/core/limits.h"

namespace sentinel {
namespace {

using Words = std::vector<std::string>;

std::string text(std::uint64_t number) { return std::to_string(number); }
std::string text(Epoch epoch) { return std::to_string(epoch.value); }
std::string text(bool flag) { return flag ? "1" : "0"; }
std::string text(VoteRefusal refusal) { return std::to_string(static_cast<int>(refusal)); }

// Reads words one after the other and remembers the first that is wrong.
class Reader {
 public:
  explicit Reader(const Words& words) : words_(words) {}

  Reader& operator()(std::string& value, std::size_t max) {
    const std::string* word = take();
    if (word != nullptr && word->size() > max)
      fail("is too long");
    else if (word != nullptr)
      value = *word;
    return *this;
  }
  Reader& group(std::string& value) {
    (*this)(value, kGroupNameBytesMax);
    if (ok() && value.empty()) fail("is empty");
    return *this;
  }
  Reader& operator()(std::uint64_t& value, std::uint64_t max = UINT64_MAX) {
    const std::string* word = take();
    if (word == nullptr) return *this;
    const auto number = parse_unsigned(*word, max);
    if (!number)
      fail("is not a number in range");
    else
      value = *number;
    return *this;
  }
  Reader& operator()(Epoch& value) { return (*this)(value.value); }
  Reader& operator()(NodeId& value) { return (*this)(value.value, 40); }
  Reader& operator()(bool& value) {
    std::uint64_t number = 0;
    (*this)(number, 1);
    value = number == 1;
    return *this;
  }
  Reader& operator()(VoteRefusal& value) {
    std::uint64_t number = 0;
    (*this)(number, static_cast<std::uint64_t>(VoteRefusal::StoreUnavailable));
    value = static_cast<VoteRefusal>(number);
    return *this;
  }
  Reader& operator()(Endpoint& value) {
    std::uint64_t port = 0;
    (*this)(value.host, kHostBytesMax)(port, 65535);
    value.port = static_cast<std::uint16_t>(port);
    if (ok() && (value.host.empty() || port == 0)) fail("is not an address");
    return *this;
  }

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }

 private:
  const std::string* take() {
    if (!ok()) return nullptr;
    ++at_;
    if (at_ < words_.size()) return &words_[at_];
    fail("is missing");
    return nullptr;
  }
  void fail(const char* why) { error_ = words_[0] + ": word " + std::to_string(at_) + ' ' + why; }

  const Words& words_;
  std::size_t at_ = 0;  // Of the word read last; the kind is word 0.
  std::string error_;
};

template <typename Message, typename Read>
Result<PeerMessage> read(const Words& words, Read&& fields) {
  Message message;
  Reader reader(words);
  fields(reader, message);
  if (!reader.ok()) return unexpected(reader.error());
  return PeerMessage{std::move(message)};
}

}  // namespace

std::string_view describe(VoteRefusal refusal) {
  switch (refusal) {
    case VoteRefusal::None: return "granted";
    case VoteRefusal::AlreadyVoted: return "voted for another candidate in this epoch";
    case VoteRefusal::LeaseHeld: return "promised its lease to another leader";
    case VoteRefusal::MasterHealthy: return "sees the master alive";
    case VoteRefusal::StaleEpoch: return "has seen a higher epoch";
    case VoteRefusal::StaleConfig: return "knows a newer configuration";
    case VoteRefusal::UnknownGroup: return "does not watch this group";
    case VoteRefusal::NotMember: return "does not count the candidate as a member";
    case VoteRefusal::StoreUnavailable: return "can't write its state to disk";
  }
  UNREACHABLE();
}

Words encode(const PeerMessage& message) {
  return std::visit(
      overloaded{
          [](const ViewMessage& m) -> Words {
            return {"VIEW", m.group, text(m.version), m.master.host, text(std::uint64_t{m.master.port}), text(m.down)};
          },
          [](const VoteRequest& m) -> Words {
            return {"VOTE",         m.group,
                    text(m.epoch),  text(m.config_epoch),
                    m.master.host,  text(std::uint64_t{m.master.port}),
                    text(m.forced), text(m.round)};
          },
          [](const VoteReply& m) -> Words {
            return {"VOTED",         m.group,           text(m.epoch),     text(m.round),
                    text(m.refusal), m.voted_for.value, text(m.seen_epoch)};
          },
          [](const LeaseRequest& m) -> Words {
            return {"LEASE", m.group, text(m.epoch), text(m.round), text(m.release)};
          },
          [](const LeaseReply& m) -> Words {
            return {"LEASED", m.group, text(m.epoch), text(m.round), text(m.granted)};
          },
          [](const ConfigMessage& m) -> Words {
            return {"CONFIG", m.group,        text(m.epoch), m.master.host, text(std::uint64_t{m.master.port}),
                    m.run_id, m.leader.value, text(m.asks)};
          },
          [](const ConfirmRequest& m) -> Words {
            return {"CONFIRM",    m.group, text(m.epoch), m.master.host, text(std::uint64_t{m.master.port}),
                    text(m.round)};
          },
          [](const ConfirmReply& m) -> Words {
            return {"CONFIRMED", m.group, text(m.epoch), text(m.round), text(m.confirmed)};
          },
      },
      message);
}

Result<PeerMessage> decode(const Words& words) {
  if (words.empty()) return unexpected(std::string("empty message"));
  const std::string& kind = words[0];
  if (kind == "VIEW")
    return read<ViewMessage>(words, [](Reader& r, ViewMessage& m) { r.group(m.group)(m.version)(m.master)(m.down); });
  if (kind == "VOTE")
    return read<VoteRequest>(words, [](Reader& r, VoteRequest& m) {
      r.group(m.group)(m.epoch)(m.config_epoch)(m.master)(m.forced)(m.round);
    });
  if (kind == "VOTED")
    return read<VoteReply>(words, [](Reader& r, VoteReply& m) {
      r.group(m.group)(m.epoch)(m.round)(m.refusal)(m.voted_for)(m.seen_epoch);
    });
  if (kind == "LEASE")
    return read<LeaseRequest>(words, [](Reader& r, LeaseRequest& m) { r.group(m.group)(m.epoch)(m.round)(m.release); });
  if (kind == "LEASED")
    return read<LeaseReply>(words, [](Reader& r, LeaseReply& m) { r.group(m.group)(m.epoch)(m.round)(m.granted); });
  if (kind == "CONFIG")
    return read<ConfigMessage>(words, [](Reader& r, ConfigMessage& m) {
      r.group(m.group)(m.epoch)(m.master)(m.run_id, 40)(m.leader)(m.asks);
    });
  if (kind == "CONFIRM")
    return read<ConfirmRequest>(words,
                                [](Reader& r, ConfirmRequest& m) { r.group(m.group)(m.epoch)(m.master)(m.round); });
  if (kind == "CONFIRMED")
    return read<ConfirmReply>(words,
                              [](Reader& r, ConfirmReply& m) { r.group(m.group)(m.epoch)(m.round)(m.confirmed); });
  return unexpected("unknown message '" + kind.substr(0, 20) + "'");
}

}  // namespace sentinel
