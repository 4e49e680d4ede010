// Appends replies to a buffer in the protocol the client speaks. One call a
// frame; an array, map, set or push header is followed by its elements.
//
//   ReplyWriter reply(client.output, client.protocol);
//   reply.map(2).bulk("ip").bulk("10.0.0.1").bulk("port").bulk_number(6379);
//
// RESP2 has no map, set, push or null of its own: they become arrays and
// negative lengths, as stock answers. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sentinel {

enum class RespVersion { Two = 2, Three = 3 };

class ReplyWriter {
 public:
  ReplyWriter(std::string& out, RespVersion version) : out_(out), version_(version) {}

  // REQUIRES: no CR or LF in text.
  ReplyWriter& simple(std::string_view text);
  // `text` begins with its code ("ERR ..."). Line ends in it become blanks.
  ReplyWriter& error(std::string_view text);
  ReplyWriter& integer(std::int64_t value);
  ReplyWriter& bulk(std::string_view bytes);
  ReplyWriter& verbatim(std::string_view text);  // For people to read; a bulk string in RESP2.
  ReplyWriter& bulk_number(std::int64_t value);  // A bulk string of decimal digits.
  ReplyWriter& null();
  ReplyWriter& null_array();
  ReplyWriter& array(std::size_t elements) { return header('*', elements); }
  ReplyWriter& map(std::size_t pairs);
  ReplyWriter& set(std::size_t elements) { return header(version_ == RespVersion::Three ? '~' : '*', elements); }
  ReplyWriter& push(std::size_t elements) { return header(version_ == RespVersion::Three ? '>' : '*', elements); }
  // Encoded before, by another writer of the same version.
  ReplyWriter& raw(std::string_view frames);

  RespVersion version() const { return version_; }

 private:
  ReplyWriter& header(char kind, std::size_t count);

  std::string& out_;
  RespVersion version_;
};

}  // namespace sentinel
