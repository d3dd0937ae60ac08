import { note, ok, problem } from '../../plugins/gemini-chat/src/doctor'
import type { Finding } from '../../plugins/gemini-chat/src/doctor'
import { inspectServer } from '../../plugins/shared-state/src/redis/inspect-server'

/** The prefix of the keys, unless it was changed in the console. */
const DEFAULT_PREFIX = 'koishi'

/** Checks the Redis that several instances share, and how many of them are there. */
export async function* examineRedis(url: string, prefix = DEFAULT_PREFIX): AsyncGenerator<Finding> {
  try {
    const { instances, isPersistent, eviction } = await inspectServer(url, prefix)
    yield ok('redis', { instances })
    if (isPersistent === false) yield note('redis-not-persistent', {}, 'redis-persistence')
    if (eviction && eviction !== 'noeviction') yield problem('redis-eviction', { eviction }, 'redis-eviction')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isRefused = /NOAUTH|WRONGPASS|NOPERM|AUTH/.test(message)
    yield problem('redis-failed', { reason: code ?? message }, isRefused ? 'redis-password' : 'redis-network')
  }
}
