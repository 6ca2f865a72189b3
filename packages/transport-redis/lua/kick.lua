#!lua flags=allow-oom
-- Ends a blocked call of the caller's own, which then blocks anew on other lists. KEYS: a list of its own
redis.call('RPUSH', KEYS[1], '0')
redis.call('PEXPIRE', KEYS[1], 10000)
return 0
