#include "clients/pcaps_api/envelope.h"

#include <boost/json/parse.hpp>
#include <utility>

namespace pcaps {
namespace {

constexpr size_t kMaxDepth = 32;     // The deepest known answer has 5 levels.
constexpr size_t kMaxProblems = 16;  // More of them tell nobody anything.
constexpr size_t kMaxChainCodes = 16;

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
  if (message != nullptr && message->is_string()) problem.message = message->get_string().c_str();
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
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  options.allow_invalid_utf8 = true;  // Every text taken from it is cleaned.
  boost::json::error_code error;
  boost::json::value json =
      boost::json::parse(boost::json::string_view(body.data(), body.size()), error, {}, options);
  if (error || !json.is_object()) return std::nullopt;
  boost::json::object& object = json.get_object();
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
