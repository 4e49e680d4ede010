// The maps that SENTINEL commands answer: flat RESP2 arrays of name, value,
// name, value. Fields a newer or an older sentinel adds or lacks are no error:
// vigilctl talks to stock sentinels too.
//
//   auto master = to_fields(reply);
//   if (master) show(master->text("ip"), master->number("port"));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/endpoint.h"
#include "common/resp_reply.h"
#include "common/result.h"

namespace sentinel {

class Fields {
 public:
  Fields() = default;
  explicit Fields(std::vector<std::pair<std::string, Reply>> entries) : entries_(std::move(entries)) {}

  // nullptr if there is no such field.
  const Reply* find(std::string_view name) const;

  // The field as text; empty if it is missing or not a string or a number.
  std::string text(std::string_view name) const;

  // The field as a number, also when it came as text; nullopt if it is neither.
  std::optional<std::int64_t> number(std::string_view name) const;

  // True if the comma-separated list in "flags" has this word.
  bool has_flag(std::string_view flag) const;

  // What "ip" and "port" say. nullopt unless both are usable.
  std::optional<Endpoint> endpoint() const;

  const std::vector<std::pair<std::string, Reply>>& entries() const { return entries_; }

 private:
  std::vector<std::pair<std::string, Reply>> entries_;
};

// The text of a string or an integer; empty for anything else.
std::string scalar_text(const Reply& reply);

// True if the comma-separated list has this word.
bool has_word(std::string_view list, std::string_view word);

// A flat array of pairs as fields; an error says what came instead.
Result<Fields> to_fields(const Reply& reply);

// An array of such arrays.
Result<std::vector<Fields>> to_field_list(const Reply& reply);

// An address of two strings, as GET-MASTER-ADDR-BY-NAME answers it.
Result<Endpoint> to_endpoint(const Reply& reply);

// "name:value" lines of an INFO text, without its headings.
Fields parse_info(std::string_view info);

// "name=value,name=value", as in the slaveN lines of INFO.
Fields parse_info_list(std::string_view list);

}  // namespace sentinel
