import type { Clock } from 'common/time'
import type { CallbackErrorReason, CallbackError } from '../protocol/callback-error'

/** Most lines per reason and minute, so that an attacker cannot fill the disk. */
const MAX_LINES_PER_MINUTE = 10
/** Most characters of a path in the log, which the sender chooses. */
const MAX_PATH_LENGTH = 100

type Occasion = CallbackErrorReason | 'failed' | 'misrouted' | 'clock-was-set'

const hints: Record<CallbackErrorReason, string> = {
  malformed: '请求不是企业微信的回调 / not a callback from WeCom',
  decrypt: '解密失败：EncodingAESKey 与后台不一致 / cannot decrypt: EncodingAESKey differs from the WeCom console',
  payload: '解密后的内容不是智能机器人、自建应用或群机器人的消息 / decrypted, but not a message of a bot, an app or a group robot',
  signature: '签名不符：Token 与后台不一致，或请求并非来自企业微信 / bad signature: Token differs from the WeCom console, or the request is not from WeCom',
  clock: '时间戳超出允许范围：请校准服务器时间 / timestamp outside the window: check this server\'s clock',
  replay: '重复的请求，已处理过 / a repetition of a callback that was answered before',
  'receive-id': '接收方 ID 不符：自建应用的 corpId 应为它的企业 ID；不确定时 receiveId 留空（不校验） / wrong receive id: corpId must be the corporation of the self-built app; leave receiveId empty (not checked) if in doubt',
  'foreign-bot': '消息属于另一个机器人或应用：请检查 botId 或 agentId / addressed to another bot or app: check botId or agentId',
  method: '只支持 GET 和 POST / GET and POST only',
  size: '请求体过大 / body too large',
  slow: '正文 10 秒内没有传完，或同时在接收的正文太多：发送方或中间的代理太慢 / the body took more than 10 seconds, or too many bodies were being received: the sender or a proxy is too slow',
}

/** A callback that was refused. */
export interface Refusal {
  reason: CallbackErrorReason
  /** HTTP status of the response. */
  status: number
  path: string
  /** What is wrong and how to fix it, in Chinese and English. */
  hint: string
}

/** Logs refused callbacks for the operator: the reason, without secrets, and only counts under a flood. */
export class CallbackLog {
  private readonly seen = new Map<Occasion, { since: number, count: number }>()

  /** @param announce is told of the refused callbacks that are logged */
  constructor(
    readonly clock: Clock,
    readonly write: (line: string) => void,
    private readonly announce: (refusal: Refusal) => void = () => {},
  ) {}

  /** A callback that failed because of the connection or a bug. Without the stack, which does not help operators. */
  failed(error: unknown) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    this.note('failed', `callback not answered: ${name}: ${message}`)
  }

  refused({ reason, status, detail }: CallbackError, path: string) {
    const where = `${path}${detail ? `, ${detail}` : ''}`
    const isLogged = this.note(reason, `callback refused: ${reason} (${status}) on ${where}. ${hints[reason]}`)
    if (isLogged) this.announce({ reason, status, path, hint: hints[reason] })
  }

  /** @param deviation how far the clock is ahead of WeCom's, in milliseconds */
  clockWasSet(deviation: number) {
    const minutes = Math.round(deviation / 60_000)
    this.note('clock-was-set', `本机时间在运行中被改动，与企业微信相差 ${minutes} 分钟：回调仍会处理，但重启后会被拒绝，请校准服务器时间 / `
      + `this server's clock was set ${minutes} minutes off while it ran: callbacks are still accepted, but not after a restart; correct it`)
  }

  /** A callback to a path without a bot. */
  misrouted(path: string, paths: string[]) {
    const shown = path.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_PATH_LENGTH)
    const own = paths.join(', ')
    // A proxy that removes the beginning of the path leaves its end, or nothing.
    const isCut = paths.some(own => own.endsWith(shown.toLowerCase().replace(/\/$/, '')))
    const [zh, en] = isCut
      ? [
          '；如果后台的 URL 没有错，就是反向代理截掉了路径：nginx 的 proxy_pass 结尾不要带 /',
          '; if that is what it is set to, a reverse proxy cuts the path: remove the / at the end of proxy_pass in nginx',
        ]
      : ['', '']
    this.note('misrouted', `收到发往 ${shown} 的回调，该路径没有机器人：请把后台 URL 的路径改为 ${own}${zh} / `
      + `a callback was sent to ${shown}, which has no bot: set the path of the URL in the WeCom console to ${own}${en}`)
  }

  /** @returns whether there is a line of its own */
  private note(reason: Occasion, line: string): boolean {
    const now = this.clock.monotonic()
    let seen = this.seen.get(reason)
    if (!seen || now - seen.since >= 60_000) {
      if (seen && seen.count > MAX_LINES_PER_MINUTE) this.write(`${reason}: ${seen.count - MAX_LINES_PER_MINUTE} more in the last minute`)
      this.seen.set(reason, seen = { since: now, count: 0 })
    }
    if (++seen.count > MAX_LINES_PER_MINUTE) return false
    this.write(line)
    return true
  }
}
