import type { Clock } from '../util/clock'
import type { CallbackError, CallbackErrorReason } from '../protocol/callback-error'

/** Lines of one reason within a minute; an attacker must not fill the disk. */
const MOST = 10

type Occasion = CallbackErrorReason | 'broke' | 'stray'

const hints: Record<CallbackErrorReason, string> = {
  malformed: '请求不是企业微信的回调 / not a callback of WeCom',
  decrypt: '解密失败：EncodingAESKey 与后台不一致 / cannot decrypt: EncodingAESKey differs from the WeCom console',
  payload: '解密后的内容不是智能机器人、自建应用或群机器人的消息 / decrypted, but not a message of a bot, an app or a group robot',
  signature: '签名不符：Token 与后台不一致，或请求并非来自企业微信 / bad signature: Token differs from the WeCom console, or the request is not from WeCom',
  clock: '时间戳超出允许范围：请校准服务器时间 / timestamp outside the window: check this server\'s clock',
  replay: '重复的请求，已处理过 / a copy of a callback that has been answered',
  'receive-id': '接收方 ID 不符：企业自建机器人应为空，自建应用请设置 corpId，其他请设置 receiveId / receive id differs: empty for an own bot, corpId for a self-built app, otherwise set receiveId',
  'foreign-bot': '消息属于另一个机器人或应用：请检查 botId 或 agentId / for another bot or app: check botId or agentId',
  method: '只支持 GET 和 POST / GET and POST only',
  size: '请求体过大 / body too large',
  slow: '正文 10 秒内没有传完：发送方或中间的代理太慢 / the body took more than 10 seconds: its sender, or a proxy in between, is too slow',
}

/** Longest path that is quoted: whoever knocks chooses it. */
const PATH = 100

/** Tells the operator of refused callbacks: a line each with the reason and no secret, and only a count in a flood. */
export class CallbackLog {
  private readonly seen = new Map<Occasion, { since: number, count: number }>()

  constructor(readonly clock: Clock, readonly write: (line: string) => void) {}

  /** A connection that broke, or a mistake of ours; without a stack, which helps nobody who operates a bot. */
  failed(error: unknown) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    this.note('broke', `callback not answered: ${name}: ${message}`)
  }

  refused({ reason, status, detail }: CallbackError, path: string) {
    const where = `${path}${detail ? `, ${detail}` : ''}`
    this.note(reason, `callback refused: ${reason} (${status}) on ${where}. ${hints[reason]}`)
  }

  /** A callback that came to a path where no bot is. */
  misrouted(path: string, paths: string[]) {
    const shown = path.replace(/[^\x21-\x7e]/g, '?').slice(0, PATH)
    const own = paths.join(', ')
    this.note('stray', `有回调发到了 ${shown}，那里没有机器人：后台 URL 的路径应为 ${own} / `
      + `a callback came to ${shown}, where no bot is: the path of the URL in the WeCom console should be ${own}`)
  }

  private note(reason: Occasion, line: string) {
    const now = this.clock.now()
    let seen = this.seen.get(reason)
    if (!seen || now - seen.since >= 60_000) {
      if (seen && seen.count > MOST) this.write(`${reason}: ${seen.count - MOST} more in the last minute`)
      this.seen.set(reason, seen = { since: now, count: 0 })
    }
    if (++seen.count <= MOST) this.write(line)
  }
}
