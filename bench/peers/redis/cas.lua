#!lua name=cas
-- SPDX-License-Identifier: Apache-2.0
-- Compare-and-set with a version, as one writes it for Redis: KEYS[1] is a hash {v = version, s = state},
-- ARGV[1] the version that the writer saw (0: none), ARGV[2] the new state. Answers with the version that
-- stands, negative when it is not the one expected.
redis.register_function('cas', function(keys, args)
  local version = tonumber(redis.call('HGET', keys[1], 'v') or '0')
  if version ~= tonumber(args[1]) then
    return -version
  end
  redis.call('HSET', keys[1], 'v', version + 1, 's', args[2])
  return version + 1
end)
