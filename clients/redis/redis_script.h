// RedisScript: a Lua script that Redis runs as one step.
#pragma once

#include <memory>
#include <string>

namespace pcaps {

// Cheap to copy.
class RedisScript {
 public:
  explicit RedisScript(std::string source);

  const std::string& source() const { return body_->source; }
  // In hexadecimal; Redis knows a script that it has run before by this.
  const std::string& sha1() const { return body_->sha1; }

 private:
  struct Body {
    std::string source;
    std::string sha1;
  };
  std::shared_ptr<const Body> body_;
};

}  // namespace pcaps
