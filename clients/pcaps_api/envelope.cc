#include "clients/pcaps_api/envelope.h"

#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/storage_ptr.hpp>
#include <new>
#include <utility>

namespace pcaps {
namespace {

constexpr size_t kMaxDepth = 32;     // The deepest known answer has 5 levels.
constexpr size_t kMaxProblems = 16;  // More of them tell nobody anything.
constexpr size_t kMaxChainCodes = 16;

constexpr size_t kMaxMessageBytes = 8 << 10;
// Of a body of 4 MiB as JSON is usually written this is three or four times what it takes; of one
// that is a list of ciphers it would take a hundred MiB and more.
constexpr size_t kMaxMemory = 16 << 20;

// Memory with a bound. Freed with the last value that lives in it. Boost.JSON names another
// alignment when it frees than when it allocates, and needs none but the usual.
class BoundedMemory final : public boost::json::memory_resource {
 private:
  void* do_allocate(size_t size, size_t /*alignment*/) override {
    if (size > left_) throw std::bad_alloc();
    void* const memory = ::operator new(size);
    left_ -= size;
    return memory;
  }
  void do_deallocate(void* memory, size_t size, size_t /*alignment*/) override {
    ::operator delete(memory);
    left_ += size;
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  size_t left_ = kMaxMemory;
};

// Nothing where it is no JSON, is nested too deeply, or takes too much memory.
std::optional<boost::json::value> ParseBounded(absl::string_view body) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  options.allow_invalid_utf8 = true;  // Every text taken from it is cleaned.
  const boost::json::storage_ptr memory = boost::json::make_shared_resource<BoundedMemory>();
  try {
    boost::json::parser parser(memory, options);
    parser.reset(memory);
    boost::json::error_code error;
    parser.write(body.data(), body.size(), error);
    if (error) return std::nullopt;
    return parser.release();
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

int64_t CodeOf(const boost::json::object& problem) {
  const boost::json::value* const code = problem.if_contains("code");
  if (code == nullptr || !code->is_number()) return 0;
  boost::json::error_code error;
  const int64_t number = code->to_number<int64_t>(error);  // Takes 7003.0, refuses 7003.5.
  return error ? 0 : number;
}

UpstreamProblem ProblemOf(const boost::json::object& json) {
  UpstreamProblem problem;
  problem.code = CodeOf(json);
  const boost::json::value* const message = json.if_contains("message");
  if (message != nullptr && message->is_string()) {
    problem.message = message->get_string().subview(0, kMaxMessageBytes);
  }
  const boost::json::value* const chain = json.if_contains("error_chain");
  if (chain == nullptr || !chain->is_array()) return problem;
  for (const boost::json::value& link : chain->get_array()) {
    if (problem.chain.size() == kMaxChainCodes) break;
    if (link.is_object()) problem.chain.push_back(CodeOf(link.get_object()));
  }
  return problem;
}

std::vector<UpstreamProblem> ProblemsOf(const boost::json::object& envelope) {
  std::vector<UpstreamProblem> problems;
  const boost::json::value* const errors = envelope.if_contains("errors");
  if (errors == nullptr || !errors->is_array()) return problems;
  for (const boost::json::value& error : errors->get_array()) {
    if (problems.size() == kMaxProblems) break;
    if (error.is_object()) problems.push_back(ProblemOf(error.get_object()));
  }
  return problems;
}

}  // namespace

std::optional<Envelope> ParseEnvelope(absl::string_view body) {
  std::optional<boost::json::value> json = ParseBounded(body);
  if (!json.has_value() || !json->is_object()) return std::nullopt;
  boost::json::object& object = json->get_object();
  const boost::json::value* const success = object.if_contains("success");
  if (success == nullptr || !success->is_bool()) return std::nullopt;
  Envelope envelope;
  envelope.success = success->get_bool();
  envelope.errors = ProblemsOf(object);
  if (boost::json::value* const result = object.if_contains("result")) {
    envelope.result = std::move(*result);
  }
  return envelope;
}

}  // namespace pcaps
