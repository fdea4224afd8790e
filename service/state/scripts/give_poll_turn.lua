-- Gives the turn to poll an account up. KEYS: who has it. ARGV: who gives it up.

if redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 0
