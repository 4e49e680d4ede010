#include "sentinel/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "common/check.h"

namespace sentinel {
namespace {

constexpr const char* kNoAliases = "aliases (*name) are not supported; quote the value if it starts with *";

// Thrown through yaml-cpp, which has no other way to be stopped.
struct Refused {
  ConfigError error;
};

ConfigError at(const YAML::Mark& mark, std::string text) {
  return ConfigError{mark.line + 1, mark.column + 1, std::move(text)};
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(node(YamlNode::Kind::Null, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { throw Refused{at(mark, kNoAliases)}; }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    YamlNode scalar = node(YamlNode::Kind::Scalar, mark);
    scalar.text = value;
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::List, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // A collection being filled. In a map, `key` waits for its value.
  struct Open {
    YamlNode node;
    YamlNode key;
    bool has_key = false;
  };

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      throw Refused{at(mark, "anchors (&name) are not supported; quote the value if it starts with &")};
    }
  }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    // "?" is yaml-cpp's word for a plain scalar or collection, "!" for a quoted scalar.
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{at(mark, "tags (!name) are not supported; quote the value if it starts with !")};
    }
  }

  YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (++nodes_ > kYamlNodesMax) throw Refused{at(mark, "too many values in one file")};
    YamlNode made;
    made.kind = kind;
    made.line = mark.line + 1;
    made.column = mark.column + 1;
    return made;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() == kYamlDepthMax) throw Refused{at(mark, "nested too deeply")};
    open_.push_back(Open{.node = node(kind, mark), .key = {}});
  }

  void close() {
    CHECK(!open_.empty());
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  void add(YamlNode value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::List) {
      parent.node.items.push_back(std::move(value));
    } else if (!parent.has_key) {
      parent.key = std::move(value);
      parent.has_key = true;
    } else {
      if (value.kind == YamlNode::Kind::Null) {  // yaml-cpp puts nothing where the next token is.
        value.line = parent.key.line;
        value.column = parent.key.column;
      }
      parent.node.pairs.push_back({.key = std::move(parent.key), .value = std::move(value)});
      parent.has_key = false;
    }
  }

  YamlNode root_;
  std::vector<Open> open_;
  std::size_t nodes_ = 0;
};

// yaml-cpp appends the offending characters after a colon to some messages.
std::string safe_message(const std::string& message) {
  if (message.find(YAML::ErrorMsg::UNKNOWN_ANCHOR) != std::string::npos) return kNoAliases;
  return "YAML syntax: " + message.substr(0, message.find(": "));
}

}  // namespace

Result<YamlNode, ConfigError> parse_yaml(std::string_view text) {
  if (text.size() > kConfigBytesMax) {
    return unexpected(ConfigError{0, 0, "larger than " + std::to_string(kConfigBytesMax >> 20) + " MiB"});
  }
  // yaml-cpp reads bytes that are not text as one long scalar; say it plainly instead.
  if (text.find('\0') != std::string_view::npos)
    return unexpected(ConfigError{0, 0, "not a text file: it holds a zero byte"});
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    TreeBuilder builder;
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    YamlNode root = builder.take();
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      return unexpected(ConfigError{root.line, root.column, "more than one YAML document (---) in the file"});
    }
    return root;
  } catch (const Refused& refused) {
    return unexpected(refused.error);
  } catch (const YAML::Exception& error) {
    return unexpected(at(error.mark, safe_message(error.msg)));
  }
}

}  // namespace sentinel
