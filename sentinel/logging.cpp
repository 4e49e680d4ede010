#include "sentinel/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <syslog.h>

#include <array>
#include <vector>

namespace sentinel {

namespace {

// The message as the inside of a JSON string, and without line breaks in text
// either: what a peer or a server said must not forge a log line.
class EscapedMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    for (const char c : message.payload) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out.push_back('\\');
        out.push_back(c);
      } else if (byte < 0x20 || byte == 0x7f) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
      } else {
        out.push_back(c);
      }
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<EscapedMessage>(); }
};

class OneLineMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    for (const char c : message.payload) out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<OneLineMessage>(); }
};

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return spdlog::level::debug;
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Warning: return spdlog::level::warn;
    case LogLevel::Error: return spdlog::level::err;
    case LogLevel::Nothing: return spdlog::level::off;
  }
  return spdlog::level::info;
}

int facility_of(const std::string& name) {
  static constexpr std::array kLocal{LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                                     LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
  if (name == "user" || name.empty()) return LOG_USER;
  const auto number = static_cast<std::size_t>(name.back() - '0');
  return number < kLocal.size() ? kLocal[number] : LOG_LOCAL0;
}

}  // namespace

Result<void> set_up_logging(const LogSettings& settings) {
  spdlog::sink_ptr sink;
  try {
    if (settings.file == "stdout")
      sink = std::make_shared<spdlog::sinks::stdout_color_sink_st>();
    else
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file);
  } catch (const spdlog::spdlog_ex& failure) {
    return unexpected("can't write the log to " + settings.file + ": " + failure.what());
  }
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (settings.format == LogFormat::Json) {
    formatter->add_flag<EscapedMessage>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%*"})");
  } else {
    formatter->add_flag<OneLineMessage>('*').set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %*");
  }
  sink->set_formatter(std::move(formatter));
  std::vector<spdlog::sink_ptr> sinks{std::move(sink)};
  if (settings.syslog) {
    // It adds time and name itself.
    auto syslog = std::make_shared<spdlog::sinks::syslog_sink_mt>(settings.syslog_ident, LOG_PID | LOG_NDELAY,
                                                                  facility_of(settings.syslog_facility), false);
    sinks.push_back(std::move(syslog));
  }
  auto logger = std::make_shared<spdlog::logger>("vigil", sinks.begin(), sinks.end());
  logger->set_level(level_of(settings.level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace sentinel
