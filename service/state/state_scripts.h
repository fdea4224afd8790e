// StateScripts: what RedisState has Redis do in one step: the files of scripts/, compiled in.
#pragma once

#include "clients/redis/redis_script.h"

namespace pcaps {

struct StateScripts {
  StateScripts();

  // What each takes and returns is said where it is written.
  RedisScript put_if_newer;
  RedisScript compare_and_set;
  RedisScript take;
  RedisScript close;
  RedisScript reopen;
  RedisScript hold;
  RedisScript take_poll_turn;
  RedisScript give_poll_turn;
};

}  // namespace pcaps
