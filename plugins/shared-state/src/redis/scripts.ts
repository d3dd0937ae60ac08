/**
 * The steps that Redis runs as one. Times are the server's, so that clocks of instances need not agree. A lease is a
 * hash with `fence`, `holder`, `until` (when it expires) and `value`, and its group a sorted set of when each lease
 * expires; a queue is two sorted sets, one of the order and one of when each ticket expires.
 */

const NOW_MS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** KEYS: value. ARGV: whether a value is expected, the expected one, whether to remove it, new value, ttl. */
const compareAndSet = `
local current = redis.call('GET', KEYS[1])
if ARGV[1] == '1' then
  if current ~= ARGV[2] then return 0 end
elseif current then
  return 0
end
if ARGV[3] == '1' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
return 1
`

/** KEYS: lease, its group if it has one. ARGV: key, holder, ttl, ttl of the value, whether there is a value, value. */
const acquireLease = `${NOW_MS}
local lease = redis.call('HMGET', KEYS[1], 'holder', 'until', 'fence')
if lease[1] and tonumber(lease[2]) > now then return 0 end
local fence = tonumber(lease[3] or 0) + 1
local fields = { 'holder', ARGV[2], 'until', now + ARGV[3], 'fence', fence }
if ARGV[5] == '1' then
  fields[7] = 'value'
  fields[8] = ARGV[6]
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if KEYS[2] then
  redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return fence
`

/** KEYS: lease, its group. ARGV: key, holder, fence, ttl, ttl of the value, whether there is a value, value. */
const renewLease = `${NOW_MS}
local lease = redis.call('HMGET', KEYS[1], 'holder', 'fence')
local fence = tonumber(lease[2] or 0)
if fence > tonumber(ARGV[3]) then return 0 end
if fence == tonumber(ARGV[3]) and lease[1] and lease[1] ~= ARGV[2] then return 0 end
local fields = { 'holder', ARGV[2], 'until', now + ARGV[4], 'fence', ARGV[3] }
if ARGV[6] == '1' then
  fields[7] = 'value'
  fields[8] = ARGV[7]
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if KEYS[2] then
  redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
  -- Values are written often, and between them the lease is renewed without one.
  if ARGV[6] == '0' then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
end
return 1
`

/** KEYS: lease, its group. ARGV: key, holder, fence, ttl of the value, whether there is a value, value. */
const releaseLease = `
local lease = redis.call('HMGET', KEYS[1], 'holder', 'fence')
if lease[2] then
  if lease[1] ~= ARGV[2] or lease[2] ~= ARGV[3] then return end
elseif ARGV[5] == '0' then return end
redis.call('HDEL', KEYS[1], 'holder')
if ARGV[5] == '1' then
  redis.call('HSET', KEYS[1], 'fence', ARGV[3], 'value', ARGV[6])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
`

/** KEYS: group. ARGV: ttl of the values, most keys. @returns keys of leases that have expired */
const expiredLeases = `${NOW_MS}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])
`

/** KEYS: lease. @returns value and whether it is held */
const inspectLease = `${NOW_MS}
local lease = redis.call('HMGET', KEYS[1], 'value', 'holder', 'until')
if not lease[1] then return nil end
return { lease[1], (lease[2] and tonumber(lease[3]) > now) and 1 or 0 }
`

const LIVING = `${NOW_MS}
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('ZREM', KEYS[1], dead)
  redis.call('ZREM', KEYS[2], dead)
end
`

const STAY = `
redis.call('PEXPIRE', KEYS[1], ttl)
redis.call('PEXPIRE', KEYS[2], ttl)
`

/** KEYS: order, expiry. ARGV: ticket, ttl, capacity. @returns order as text, position; nil if the queue is full */
const joinQueue = `${LIVING}
local ahead = redis.call('ZCARD', KEYS[1])
if ahead >= tonumber(ARGV[3]) then return nil end
local order = time[1] * 1000000 + time[2]
if ahead > 0 then
  local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  order = math.max(order, tonumber(last[2]) + 1)
end
redis.call('ZADD', KEYS[1], order, ARGV[1])
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
local ttl = ARGV[2] ${STAY}
return { string.format('%.0f', order), ahead }
`

/** KEYS: order, expiry. ARGV: ticket, ttl, order, whether to adopt it. */
const renewPlace = `${LIVING}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  if ARGV[4] == '0' then return -1 end
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
local ttl = ARGV[2] ${STAY}
return redis.call('ZRANK', KEYS[1], ARGV[1])
`

/** KEYS: order, expiry. ARGV: ticket. @returns how many are left */
const leaveQueue = `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZCARD', KEYS[1])
`

/** KEYS: one sorted set a limit. ARGV: holder, ttl, the limits. @returns milliseconds to wait, 0 if taken */
const takeSlots = `${NOW_MS}
local wait = 0
for index, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= tonumber(ARGV[index + 2]) then
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    wait = math.max(wait, 1, (tonumber(first[2]) or now + ARGV[2]) - now)
  end
end
if wait > 0 then return wait end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return 0
`

/** KEYS: one sorted set a limit. ARGV: holder. */
const releaseSlots = `
for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end
`

/**
 * KEYS: id of the call, then hashes. ARGV: ttl of the id, ttl of the hashes, most fields, then for each addition the
 * number of its key, field, amount.
 */
const increment = `
if not redis.call('SET', KEYS[1], '', 'NX', 'PX', ARGV[1]) then return end
local room = {}
for index = 2, #KEYS do room[index] = ARGV[3] - redis.call('HLEN', KEYS[index]) end
for at = 4, #ARGV, 3 do
  local index = tonumber(ARGV[at])
  if room[index] > 0 or redis.call('HEXISTS', KEYS[index], ARGV[at + 1]) == 1 then
    redis.call('HINCRBY', KEYS[index], ARGV[at + 1], ARGV[at + 2])
  end
end
for index = 2, #KEYS do redis.call('PEXPIRE', KEYS[index], ARGV[2]) end
`

/** KEYS: sorted set of instances. ARGV: instance, ttl. @returns the instances that are alive */
const heartbeat = `${NOW_MS}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)
`

/** KEYS: sorted set of instances. @returns the instances that are alive */
const livingInstances = `${NOW_MS}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
`

export const SCRIPTS = {
  sharedCompareAndSet: { numberOfKeys: 1, lua: compareAndSet },
  sharedExpiredLeases: { numberOfKeys: 1, lua: expiredLeases },
  sharedInspectLease: { numberOfKeys: 1, lua: inspectLease },
  sharedJoinQueue: { numberOfKeys: 2, lua: joinQueue },
  sharedRenewPlace: { numberOfKeys: 2, lua: renewPlace },
  sharedLeaveQueue: { numberOfKeys: 2, lua: leaveQueue },
  sharedHeartbeat: { numberOfKeys: 1, lua: heartbeat },
  sharedLivingInstances: { numberOfKeys: 1, lua: livingInstances },
  /** The number of keys comes first, from here on. */
  sharedAcquireLease: { lua: acquireLease },
  sharedRenewLease: { lua: renewLease },
  sharedReleaseLease: { lua: releaseLease },
  sharedTakeSlots: { lua: takeSlots },
  sharedIncrement: { lua: increment },
  sharedReleaseSlots: { lua: releaseSlots },
}

export type ScriptName = keyof typeof SCRIPTS
