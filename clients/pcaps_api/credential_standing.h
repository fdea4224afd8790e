// CredentialStanding: what the upstream has said against one token, so that it is not asked the
// same again at once.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/mutex.h"

namespace pcaps {

struct StandingOptions {
  absl::Duration memory = absl::Seconds(60);  // Then one request finds out whether it still holds.
  // Accounts that are forbidden, reading and writing counted apart; about 1 KiB each. The oldest go
  // first, which costs the upstream one request more.
  size_t max_forbidden = 10'000;
};

// Kept apart, or a token that may not write would not read either once somebody had tried.
enum class Access { kRead, kWrite };

// UPSTREAM_CREDENTIALS_REJECTED is about the token, UPSTREAM_ACCOUNT_FORBIDDEN about one account.
// Either refuses what it is about, for a while; then one request passes, and the others wait for
// what comes of it. Thread-safe.
class CredentialStanding : public std::enable_shared_from_this<CredentialStanding> {
 public:
  class Permit;
  // Told when the token is rejected, with the error, and with OK when it is accepted again; on the
  // thread that found out.
  using OnChange = std::function<void(const absl::Status&)>;

  // `was_rejected`: what was there before it, so that its first success is news.
  CredentialStanding(const StandingOptions& options, bool was_rejected, OnChange on_change)
      : options_(options), told_rejected_(was_rejected), on_change_(std::move(on_change)) {}

  // Asked before each request. The error is the upstream's, and says that it is remembered.
  absl::StatusOr<std::unique_ptr<Permit>> Admit(const std::string& account_id, Access access,
                                                absl::Time now);

  // 0 until the upstream has said so. Then how often in a row: each after the one before was
  // forgotten, so those that were under way together are one.
  int rejections() const;
  // Whether the last that was told is a rejection, of this token or of one before it.
  bool told_rejected() const;
  size_t forbidden() const;
  // How many were forgotten before their time, for want of room.
  int64_t forgotten() const;

 private:
  using Subject = std::pair<std::string, Access>;
  struct Verdict {
    Subject subject;     // Unused for the token's.
    absl::Status error;  // OK: nothing is held against it.
    absl::Time heard;
    absl::Time ask_again;  // While one request finds out: when another one may.
    int times = 0;         // In a row that it was said.

    bool Refuses(absl::Time now) const { return !error.ok() && now < ask_again; }
  };

  void Record(Permit& permit, const absl::Status& status, absl::Time now);
  void Release(const Permit& permit);
  bool TakeProbe(Verdict& verdict, absl::Time now) const;
  Verdict* FindForbidden(const Subject& subject) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forbid(const Permit& permit, const absl::Status& error, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Allow(const Permit& permit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const StandingOptions options_;
  mutable Mutex mutex_;
  Verdict token_ ABSL_GUARDED_BY(mutex_);
  bool told_rejected_ ABSL_GUARDED_BY(mutex_);
  std::list<Verdict> forbidden_ ABSL_GUARDED_BY(mutex_);  // The oldest first.
  std::map<Subject, std::list<Verdict>::iterator> by_subject_ ABSL_GUARDED_BY(mutex_);
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  const OnChange on_change_;
};

// Leave for one request. One that goes without Record() has proved nothing.
class CredentialStanding::Permit {
 public:
  Permit(std::shared_ptr<CredentialStanding> standing, Subject subject, absl::Time began)
      : standing_(std::move(standing)), subject_(std::move(subject)), began_(began) {}
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() { standing_->Release(*this); }

  // What came of the request.
  void Record(const absl::Status& status, absl::Time now) { standing_->Record(*this, status, now); }

 private:
  friend class CredentialStanding;
  const std::shared_ptr<CredentialStanding> standing_;
  const Subject subject_;
  const absl::Time began_;
  bool probes_token_ = false;  // It is the one that finds out.
  bool probes_account_ = false;
};

}  // namespace pcaps
