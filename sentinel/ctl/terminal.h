// How text looks on the operator's terminal: colours and line drawing when it
// can show them, plain ASCII when it is piped or old. Also numbers for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/time.h"

namespace sentinel {

struct Style {
  bool color = false;
  bool unicode = false;

  std::string red(std::string_view text) const { return paint("31", text); }
  std::string green(std::string_view text) const { return paint("32", text); }
  std::string yellow(std::string_view text) const { return paint("33", text); }
  std::string cyan(std::string_view text) const { return paint("36", text); }
  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string faint(std::string_view text) const { return paint("2", text); }

 private:
  std::string paint(std::string_view code, std::string_view text) const;
};

// What stdout can show: no colour when it is no terminal, when NO_COLOR is set
// or TERM is "dumb"; line drawing in a UTF-8 locale only.
Style detect_style(bool want_color);

// "0 B", "900 B", "1.2 MB". Decimal units. A negative count keeps its sign.
std::string format_bytes(std::int64_t bytes);

// "12 ms", "1.5 s", "2 min 5 s", "3 h 2 min".
std::string format_duration(Millis duration);

// 1234567 as "1,234,567".
std::string format_count(std::int64_t count);

// A text from a server, safe to print: control characters become '?', so that
// what a node or a peer sends can't move the cursor or hide lines.
std::string printable(std::string_view text);

}  // namespace sentinel
