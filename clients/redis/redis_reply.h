// RedisReply: what Redis answered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pcaps {

struct RedisReply {
  enum class Kind {
    kNil,
    kInteger,
    kText,  // A string, or a status like OK.
    kArray,
    kError,  // Only within an array: as an answer of its own an error is an absl::Status.
  };

  bool is_nil() const { return kind == Kind::kNil; }
  bool is_integer() const { return kind == Kind::kInteger; }
  bool is_text() const { return kind == Kind::kText; }
  bool is_array() const { return kind == Kind::kArray; }

  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;  // Any bytes. Of an error: its words, as Redis wrote them.
  std::vector<RedisReply> elements;
};

}  // namespace pcaps
