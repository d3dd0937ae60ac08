import type { Logger } from 'koishi'
import type { ConnectionState } from './connection'
import type { Taker } from '../instances/connection-lease'
import type { DownReason } from './reconnect-policy'
import { isPermanent, refusal } from './refusal'

/** Why an instance has no connection although nothing is wrong. */
export const STANDBY_REASON = '等待持有长连接的实例 / waiting for the instance that holds the connection'

/** What is known of a process that has taken the bot. WeCom tells neither its address nor its name. */
const takers: Record<Taker, { zh: string, en: string }> = {
  instance: {
    zh: '（很可能是本部署的另一个实例：Redis 目前连不上）',
    en: ' (most likely another instance of this deployment: Redis cannot be reached at present)',
  },
  outside: {
    zh: '（不是共用这个 Redis 的实例：可能是别的部署、测试环境，或 npm run doctor -- --subscribe）',
    en: ' (no instance that shares this Redis: another deployment, a test, or npm run doctor -- --subscribe)',
  },
  unknown: {
    zh: '（企业微信不说明是谁：可能是别的部署、测试环境，或 npm run doctor -- --subscribe）',
    en: ' (WeCom does not say which one: another deployment, a test, or npm run doctor -- --subscribe)',
  },
}

/** Tells the operator about the long connection: what is wrong, once, and what to do. Without secrets. */
export class ConnectionLog {
  private lastReason?: string
  private wasReady = false

  constructor(private readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>, private readonly botId: string) {}

  changed(state: ConnectionState) {
    switch (state.name) {
      case 'ready':
        this.logger.info('长连接已建立 / long connection established%s', this.wasReady ? ' again' : ` (${this.botId})`)
        this.wasReady = true
        this.lastReason = undefined
        return
      case 'waiting':
        return this.down(state.reason)
      case 'stopped':
        return state.reason && this.logger.error(
          '机器人 %s 的长连接反复被其他进程占用，不再重连：请停掉另一个进程，再重启本进程 / '
          + 'other processes keep taking bot %s; giving up: stop the other process, then restart this one',
          this.botId,
          this.botId,
        )
      case 'standby':
        return this.logger.info('%s (%s)', STANDBY_REASON, this.botId)
      case 'connecting':
      case 'subscribing':
        return
      default:
        return state satisfies never
    }
  }

  ignored(reason: string) {
    this.logger.warn('ignored what came over the long connection: %s', reason)
  }

  private down(reason: DownReason) {
    const text = describeReason(reason)
    // A network that is down is the same at every try.
    if (text === this.lastReason) return
    this.lastReason = text
    this.logger.warn('长连接断开 / the long connection is down: %s', text)
  }
}

/** Why there is no connection and what to do, without secrets. */
export function describeReason(reason: DownReason): string {
  switch (reason.name) {
    case 'failed':
      return `${reason.detail}; 正在重连 / connecting again`
    case 'refused': {
      const cure = isPermanent(reason.errcode) ? '; 十分钟后重试 / trying again in ten minutes' : ''
      return `${refusal(reason.errcode).message}${cure}`
    }
    case 'replaced': {
      const taker = takers[reason.by ?? 'unknown']
      return `另一个进程订阅了这个机器人${taker.zh}，稍后再试：每个机器人只能有一个进程 / `
        + `another process has subscribed for this bot${taker.en}; trying again later: run one process per bot`
    }
    default:
      return reason satisfies never
  }
}
