#include "sentinel/net/rescue_session.h"

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>

#include "common/resp_reply.h"
#include "sentinel/net/client_list.h"
#include "sentinel/net/dial.h"
#include "sentinel/rescue/rescue_file.h"
#include "sentinel/rescue/scribe.h"

namespace sentinel {
namespace {

constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::size_t kDiskBytes = std::size_t{1} << 20;         // Written to the file at a time.
constexpr std::size_t kReplyBytesMax = std::size_t{64} << 20;    // CLIENT LIST of very many clients.
constexpr std::uint64_t kSelectWindow = std::uint64_t{1} << 20;  // Of the backlog, to find the database.
constexpr std::size_t kLineBytesMax = 1024;                      // Of an answer to PSYNC.
constexpr std::chrono::seconds kAckPeriod{1};                    // A silent replica is dropped (repl-timeout).
constexpr std::chrono::seconds kHolderGrace{5};                  // Beyond its deadline.
constexpr const char* kNameSuffix = "-rescue";

using Steady = std::chrono::steady_clock;

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string command_bytes(const Words& words) {
  std::string bytes;
  append_command(bytes, words);
  return bytes;
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::any_io_executor executor, std::shared_ptr<RescuePlace> place, RescueTarget target, RescueOrder order,
          FencedNode node, RescuePlan plan)
      : executor_(std::move(executor)),
        place_(std::move(place)),
        target_(std::move(target)),
        order_(std::move(order)),
        node_(std::move(node)),
        plan_(std::move(plan)),
        timer_(executor_),
        buffer_(kReadBytes) {}

  asio::awaitable<RescueReport> run();

 private:
  using Done = Result<void>;

  asio::awaitable<Done> work();
  asio::awaitable<Done> introduce();
  asio::awaitable<Done> take_lock();
  asio::awaitable<Done> take_stream();
  asio::awaitable<Done> take_snapshot();
  asio::awaitable<Done> copy_stream(std::uint64_t start);
  asio::awaitable<Done> take_piece();
  asio::awaitable<Result<Reply>> ask(Words words);
  asio::awaitable<Done> send(std::string bytes);
  asio::awaitable<Done> read_more();  // Into unread_.
  asio::awaitable<Result<std::string>> read_line();
  asio::awaitable<Done> store(std::string text);
  asio::awaitable<Done> finish();
  void choose_database(std::string_view before);
  std::string why_ended(const asio::error_code& error) const;
  std::string client_name() const { return "sentinel-" + place_->sentinel.substr(0, 8) + kNameSuffix; }

  asio::any_io_executor executor_;
  std::shared_ptr<RescuePlace> place_;
  RescueTarget target_;
  RescueOrder order_;
  FencedNode node_;
  RescuePlan plan_;
  asio::steady_timer timer_;
  bool late_ = false;
  bool over_ = false;
  std::optional<Stream> stream_;
  std::vector<char> buffer_;
  std::string unread_;
  std::string busy_;
  std::optional<Scribe> scribe_;
  std::optional<RescueFile> file_;
  RescueMetadata metadata_;
  std::string path_;
  Steady::time_point acknowledged_{};
};

asio::awaitable<RescueReport> Session::run() {
  const auto self = shared_from_this();
  const auto started = Steady::now();
  timer_.expires_after(order_.deadline);
  timer_.async_wait([self](asio::error_code error) {
    if (error || self->over_) return;
    self->late_ = true;
    if (self->stream_) self->stream_->close();
  });
  metadata_.group = order_.group;
  metadata_.epoch = order_.epoch.value;
  metadata_.node = target_.at;
  metadata_.master = target_.master;
  metadata_.sentinel = place_->sentinel;
  metadata_.replication_id = node_.info.replication_id;
  metadata_.from_offset = order_.from.value_or(0);
  metadata_.to_offset = node_.info.master_offset;
  metadata_.fenced_at_ms = wall_clock_ms();

  Done done = co_await work();
  over_ = true;
  timer_.cancel();
  if (stream_) stream_->close();
  RescueReport report;
  report.busy = busy_;
  if (!busy_.empty()) co_return report;
  if (!done && late_) done = unexpected("not done after " + std::to_string(order_.deadline.count()) + " ms");
  metadata_.complete = done.has_value();
  if (!done) metadata_.incomplete_because = done.error();
  if (const Done stored = co_await finish(); !stored && done) done = unexpected(stored.error());
  if (done && path_.empty()) co_return report;  // Nothing but the link's own commands.

  RescueOutcome outcome;
  outcome.bytes = plan_.bytes;
  if (!path_.empty()) {
    outcome.saved_bytes = !scribe_ ? metadata_.file_bytes : done ? plan_.bytes : scribe_->counts().stream_bytes;
    outcome.bytes = std::max(outcome.bytes, outcome.saved_bytes);
    outcome.commands = metadata_.commands;
    outcome.keys = metadata_.keys;
    outcome.file = path_;
  }
  if (!done) outcome.lost_because = done.error();
  outcome.took = std::chrono::duration_cast<Millis>(Steady::now() - started);
  report.outcome = std::move(outcome);
  co_return report;
}

asio::awaitable<Session::Done> Session::work() {
  auto dialed = co_await dial(executor_, target_.at, target_.dialing);
  if (!dialed) co_return unexpected(dialed.error().text);
  stream_.emplace(std::move(*dialed));
  if (late_) co_return unexpected(std::string("late"));
  if (auto done = co_await introduce(); !done) co_return done;
  if (auto done = co_await take_lock(); !done) co_return done;
  if (plan_.kind == RescuePlan::Kind::Snapshot) co_return co_await take_snapshot();
  co_return co_await take_stream();
}

asio::awaitable<Session::Done> Session::introduce() {
  if (!target_.credentials) co_return Done{};
  const auto reply = co_await ask(target_.named(*target_.credentials));
  if (!reply) co_return unexpected(reply.error());
  if (reply->is_error() && !needs_no_password(reply->text)) co_return unexpected("AUTH: " + reply->text);
  co_return Done{};
}

// Who may not list clients goes on alone: two files are better than none.
asio::awaitable<Session::Done> Session::take_lock() {
  Words name = target_.named({"CLIENT", "SETNAME", client_name()});
  Words list = target_.named({"CLIENT", "LIST"});
  Words commands[] = {{"MULTI"}, std::move(name), std::move(list)};
  for (Words& command : commands) {
    const auto reply = co_await ask(std::move(command));
    if (!reply) co_return unexpected(reply.error());
  }
  Words exec{"EXEC"};
  const auto reply = co_await ask(std::move(exec));
  if (!reply) co_return unexpected(reply.error());
  if (reply->items.size() != 2 || reply->items[1].is_error()) co_return Done{};
  std::string_view lines = reply->items[1].text;
  const auto patience = std::chrono::duration_cast<std::chrono::seconds>(order_.deadline) + kHolderGrace;
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view{} : lines.substr(end + 1);
    const std::string_view other = client_list_field(line, "name");
    if (!other.starts_with("sentinel-") || !other.ends_with(kNameSuffix) || other == client_name()) continue;
    const auto age = parse_unsigned(client_list_field(line, "age"), UINT32_MAX).value_or(0);
    if (age > static_cast<std::uint64_t>(patience.count())) {
      Words kill = target_.named({"CLIENT", "KILL", "ID", std::string(client_list_field(line, "id"))});
      const auto killed = co_await ask(std::move(kill));
      if (!killed) co_return unexpected(killed.error());
      continue;
    }
    busy_ = other;
    co_return unexpected(std::string("busy"));
  }
  co_return Done{};
}

// --- The stream.

asio::awaitable<Session::Done> Session::take_stream() {
  // Some of what comes before tells the database that the rest begins in.
  const std::uint64_t from = *order_.from;
  const std::uint64_t start = std::max(node_.backlog_first, from > kSelectWindow ? from - kSelectWindow : 1);
  Words capa = target_.named({"REPLCONF", "capa", "psync2"});
  const auto reply = co_await ask(std::move(capa));
  if (!reply) co_return unexpected(reply.error());
  Words psync = target_.named({"PSYNC", node_.info.replication_id, std::to_string(start)});
  if (auto sent = co_await send(command_bytes(psync)); !sent) co_return sent;
  const auto line = co_await read_line();
  if (!line) co_return unexpected(line.error());
  if (!line->starts_with("+CONTINUE")) co_return unexpected("PSYNC: " + line->substr(0, line->find(' ')));
  co_return co_await copy_stream(start);
}

asio::awaitable<Session::Done> Session::copy_stream(std::uint64_t start) {
  const std::uint64_t before = *order_.from - start;
  while (unread_.size() < before)
    if (auto more = co_await read_more(); !more) co_return more;
  choose_database(std::string_view(unread_).substr(0, before));
  unread_.erase(0, before);
  scribe_.emplace(metadata_.start_database, ScribeLimits{.file_bytes_max = order_.bytes_max});
  std::uint64_t left = plan_.bytes;
  std::string text;
  Done done;
  for (;;) {
    // What comes later are the link's own PINGs: the node takes no writes.
    const std::size_t count = std::min<std::uint64_t>(unread_.size(), left);
    done = scribe_->take(std::string_view(unread_).substr(0, count));
    unread_.erase(0, count);
    left -= count;
    text += scribe_->text();
    const bool end = !done || left == 0;
    if (scribe_->counts().commands > 0 && (end || text.size() >= kDiskBytes)) {
      if (auto stored = co_await store(std::exchange(text, {})); !stored) co_return stored;
    }
    if (end) break;
    if (auto more = co_await read_more(); !more) {
      // What came so far is good.
      if (scribe_->counts().commands > 0 && !text.empty())
        if (auto stored = co_await store(std::move(text)); !stored) co_return stored;
      co_return more;
    }
    const auto now = Steady::now();
    if (now - acknowledged_ < kAckPeriod) continue;
    acknowledged_ = now;
    const auto offset = std::to_string(*order_.from + plan_.bytes - left);
    Words ack = target_.named({"REPLCONF", "ACK", offset});
    if (auto sent = co_await send(command_bytes(ack)); !sent) co_return sent;
  }
  co_return done;
}

void Session::choose_database(std::string_view before) {
  const auto found = find_database(before);
  metadata_.database_source = found                  ? DatabaseSource::Backlog
                              : node_.databases == 1 ? DatabaseSource::Keyspace
                                                     : DatabaseSource::Assumed;
  metadata_.start_database = found ? *found : node_.databases == 1 ? node_.database : 0;
}

// --- The snapshot.

asio::awaitable<Session::Done> Session::take_snapshot() {
  metadata_.kind = RescueKind::Snapshot;
  // Without "capa eof" the server tells the length in advance.
  Words psync = target_.named({"PSYNC", "?", "-1"});
  if (auto sent = co_await send(command_bytes(psync)); !sent) co_return sent;
  auto line = co_await read_line();
  if (line && !line->starts_with("+FULLRESYNC")) co_return unexpected("PSYNC: " + line->substr(0, line->find(' ')));
  if (line) line = co_await read_line();
  if (!line) co_return unexpected(line.error());
  const auto length = line->starts_with('$') ? parse_unsigned(line->substr(1), UINT64_MAX) : std::nullopt;
  if (!length) co_return unexpected(std::string("the snapshot's length is not told"));
  if (*length > order_.bytes_max)
    co_return unexpected("a snapshot of " + std::to_string(*length) + " bytes is more than rescue-max-bytes");
  std::uint64_t left = *length;
  for (;;) {
    if (unread_.size() > left) unread_.resize(left);
    if (unread_.size() == left || unread_.size() >= kDiskBytes) {
      left -= unread_.size();
      if (auto stored = co_await store(std::exchange(unread_, {})); !stored) co_return stored;
    }
    if (left == 0) break;
    if (auto more = co_await read_more(); !more) {
      file_.reset();  // Half a snapshot is none.
      co_return more;
    }
  }
  metadata_.file_bytes = *length;
  co_return Done{};
}

// --- The connection.

std::string Session::why_ended(const asio::error_code& error) const {
  return "the connection ended: " + error.message();
}

asio::awaitable<Session::Done> Session::read_more() {
  asio::error_code error;
  for (;;) {
    if (late_) co_return unexpected(std::string("late"));
    if (!stream_->has_unread()) co_await stream_->async_wait_readable(kTuple);
    if (late_) co_return unexpected(std::string("late"));
    const std::size_t bytes = stream_->read_some(asio::buffer(buffer_), error);
    if (error == asio::error::would_block) continue;
    if (error) co_return unexpected(why_ended(error));
    unread_.append(buffer_.data(), bytes);
    co_return Done{};
  }
}

asio::awaitable<Session::Done> Session::send(std::string bytes) {
  if (late_) co_return unexpected(std::string("late"));
  const auto [error, count] = co_await asio::async_write(*stream_, asio::buffer(bytes), kTuple);
  if (error) co_return unexpected(why_ended(error));
  co_return Done{};
}

asio::awaitable<Result<Reply>> Session::ask(Words words) {
  if (auto sent = co_await send(command_bytes(words)); !sent) co_return unexpected(sent.error());
  ReplyParser parser({.bytes_max = kReplyBytesMax});
  for (;;) {
    if (auto more = co_await read_more(); !more) co_return unexpected(more.error());
    parser.feed(std::exchange(unread_, {}));
    auto reply = parser.next();
    if (!reply) co_return unexpected(reply.error());
    if (*reply) co_return std::move(**reply);
  }
}

// Empty lines are a server's sign that it is still preparing.
asio::awaitable<Result<std::string>> Session::read_line() {
  for (;;) {
    const auto start = unread_.find_first_not_of("\r\n");
    unread_.erase(0, std::min(start, unread_.size()));
    if (const auto end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      if (line.ends_with('\r')) line.pop_back();
      unread_.erase(0, end + 1);
      co_return line;
    }
    if (unread_.size() > kLineBytesMax) co_return unexpected(std::string("an answer without an end"));
    if (auto more = co_await read_more(); !more) co_return unexpected(more.error());
  }
}

// --- The disk, on its own thread.

asio::awaitable<Session::Done> Session::store(std::string text) {
  const auto write = [this, &text]() -> asio::awaitable<Done> {
    if (!file_) {
      auto created = RescueFile::create(place_->folder, metadata_);
      if (!created) co_return unexpected(created.error());
      file_.emplace(std::move(*created));
    }
    co_return file_->append(text);
  };
  co_return co_await asio::co_spawn(place_->disk, write, asio::use_awaitable);
}

asio::awaitable<Session::Done> Session::finish() {
  if (!file_) co_return Done{};
  metadata_.rescued_at_ms = wall_clock_ms();
  metadata_.saved_to = metadata_.to_offset;
  if (scribe_) {
    const ScribeCounts& counts = scribe_->counts();
    if (!metadata_.complete) metadata_.saved_to = metadata_.from_offset + counts.stream_bytes - 1;
    metadata_.file_bytes = counts.file_bytes;
    metadata_.commands = counts.commands;
    metadata_.keys = counts.keys;
    metadata_.keys_exact = counts.keys_exact;
    metadata_.databases = counts.databases;
  }
  const auto close = [this]() -> asio::awaitable<Result<std::string>> {
    co_return file_->finish(metadata_, order_.keep);
  };
  auto path = co_await asio::co_spawn(place_->disk, close, asio::use_awaitable);
  if (!path) co_return unexpected(path.error());
  path_ = *path;
  co_return Done{};
}

}  // namespace

asio::awaitable<RescueReport> run_rescue(asio::any_io_executor executor, std::shared_ptr<RescuePlace> place,
                                         RescueTarget target, RescueOrder order, FencedNode node, RescuePlan plan) {
  const auto session = std::make_shared<Session>(std::move(executor), std::move(place), std::move(target),
                                                 std::move(order), std::move(node), std::move(plan));
  co_return co_await session->run();
}

}  // namespace sentinel
