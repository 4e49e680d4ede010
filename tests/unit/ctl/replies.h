// Builds replies as a RESP2 server sends them.
#pragma once

#include <string>
#include <vector>

#include "common/resp_reply.h"

namespace sentinel::testing {

inline Reply bulk(std::string text) {
  Reply reply;
  reply.kind = Reply::Kind::Bulk;
  reply.text = std::move(text);
  return reply;
}

inline Reply integer(std::int64_t value) {
  Reply reply;
  reply.kind = Reply::Kind::Integer;
  reply.integer = value;
  return reply;
}

inline Reply array(std::vector<Reply> items) {
  Reply reply;
  reply.kind = Reply::Kind::Array;
  reply.items = std::move(items);
  return reply;
}

inline Reply words(const std::vector<std::string>& texts) {
  std::vector<Reply> items;
  for (const std::string& text : texts) items.push_back(bulk(text));
  return array(std::move(items));
}

}  // namespace sentinel::testing
