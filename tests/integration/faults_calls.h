// Every RPC as the fault tests call it: what it needs to find upstream, and what its caller sees.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/faults_table.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {

// The secret in the bucket of every capture made here; no answer and no log line may show it.
constexpr char kBucketSecret[] = "integration-secret-bucket-key";

// The URI of a bucket with that secret.
std::string SecretBucket(const std::string& name);

// An account with one capture in it.
struct Scene {
  std::string account;
  v1::Pcap capture;
  std::string file;        // Of a simple one.
  std::string request_id;  // Of the next creation, and the name of its bucket.
};

// What a caller gets: an outcome and what it shows, but for what differs from call to call.
struct Sight : Outcome {
  std::vector<std::string> things;  // Captures or ownerships as text.
  std::string file;                 // "the file" or "another file".
};

struct FaultyCall {
  std::string name;      // Of its account and in traces.
  std::string rpc;       // The method of the service.
  std::string endpoint;  // The upstream's, the one that is struck.
  EndpointKind kind;
  bool needs_full;  // What capture it needs: a running full one, or a simple one with its file.
  Sight (*call)(World& world, const Scene& scene);

  // The account for a round of calls: another round finds nothing in the gateway's memory.
  std::string Account(const std::string& round) const { return name + "-" + round; }
  // `other` makes what the call needs through another gateway, so that ours must look for it.
  Scene Prepare(World& world, Caller& other, const std::string& round) const;
  Verdict Expected(const FaultRow& row, bool stays) const;
  // What is to be seen while the fault `fault` lets the call succeed, where `sight` is seen
  // without.
  Sight Distorted(const std::string& fault, Sight sight) const;
};

const std::vector<FaultyCall>& FaultyCalls();

}  // namespace pcaps::integration
