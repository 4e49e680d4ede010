#include "sentinel/conf_writer.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

#include "sentinel/config/conf/replace_file.h"
#include "sentinel/config/conf/rewrite.h"

namespace sentinel {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};

std::string mark_path_in(const std::string& state_folder) { return state_folder + "/conf-written"; }

}  // namespace

ConfWriter::ConfWriter(std::string path, std::string state_folder, conf::ConfFacts facts, OnWritten on_written)
    : path_(std::move(path)),
      mark_path_(mark_path_in(state_folder)),
      facts_(std::move(facts)),
      on_written_(std::move(on_written)) {}

ConfWriter::~ConfWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<void> ConfWriter::write_first() { return write(false); }

void ConfWriter::start() {
  thread_ = std::thread([this] { run(); });
}

void ConfWriter::commit(std::uint64_t ticket, std::vector<Record> records) {
  commit(ticket, [records = std::move(records)](conf::ConfFacts& facts) { conf::fold(facts, records); });
}

void ConfWriter::commit(std::uint64_t ticket, std::function<void(conf::ConfFacts&)> change) {
  {
    const std::lock_guard lock(mutex_);
    ticket_ = ticket;
    changes_.push_back(std::move(change));
    pending_ = true;
  }
  wake_.notify_one();
}

void ConfWriter::demand(std::uint64_t ticket) {
  {
    const std::lock_guard lock(mutex_);
    ticket_ = std::max(ticket_, ticket);
    demanded_ = pending_ = true;
  }
  wake_.notify_one();
}

void ConfWriter::run() {
  bool failed = false;
  while (true) {
    std::vector<std::function<void(conf::ConfFacts&)>> changes;
    std::uint64_t ticket = 0;
    bool demanded = false;
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      const auto something = [&] { return pending_ || stop_; };
      if (failed)
        wake_.wait_for(lock, kRetry, something);
      else
        wake_.wait(lock, something);
      changes = std::exchange(changes_, {});
      ticket = ticket_;
      demanded = std::exchange(demanded_, false);
      pending_ = false;
      last = stop_;
    }
    for (const auto& change : changes) change(facts_);
    if (last && changes.empty() && !failed && !demanded) return;
    Result<void> result = write(demanded);
    failed = !result;
    on_written_({ticket, std::move(result)});
    if (last) return;
  }
}

Result<void> ConfWriter::write(bool even_unchanged) {
  bool absent = false;
  const Result<std::string> current = conf::read_current(path_, absent);
  if (!current && !absent) return unexpected(current.error());
  // A file that somebody deleted is made anew from what it held.
  const std::string& base = current ? *current : last_text_;
  std::string text = conf::rewrite_text(base, facts_);
  const bool unchanged = current && text == *current;
  if (!unchanged || even_unchanged) {
    if (auto replaced = replace(text); !replaced) return replaced;
  }
  last_text_ = std::move(text);
  // No fsync: a lost mark only means that the file counts as edited by hand.
  std::ofstream(mark_path_, std::ios::trunc) << conf::fingerprint(last_text_);
  return {};
}

Result<void> ConfWriter::replace(const std::string& text) const {
  if (auto readable = conf::check_rewritten(path_, text, facts_); !readable)
    return unexpected("the new text would not be understood: " + readable.error());
  return conf::replace_file(path_, text);
}

bool left_by_conf_writer(const std::string& path, const std::string& state_folder) {
  bool absent = false;
  const Result<std::string> text = conf::read_current(path, absent);
  std::ifstream mark(mark_path_in(state_folder));
  std::stringstream known;
  known << mark.rdbuf();
  return text && mark && known.str() == conf::fingerprint(*text);
}

}  // namespace sentinel
