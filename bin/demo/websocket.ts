import { randomBytes } from 'node:crypto'
import { WecomGateway } from 'testkit'
import type { AnswerState, Platform } from './platform'

const BOT_ID = 'demo-bot'
/** From the start of the instance until its subscription. */
const SUBSCRIBE_LIMIT_MS = 15_000
/** How long a frame is waited for. WeCom lets a stream live as long. */
const FRAME_LIMIT_MS = 6 * 60_000

/** The bot connects to WeCom's gateway by itself, and pushes its answers as frames. */
export async function websocketPlatform(): Promise<Platform> {
  const [secret, userId] = [randomBytes(16).toString('hex'), 'demo-' + randomBytes(2).toString('hex')]
  const gateway = await WecomGateway.create({ bots: { [BOT_ID]: secret } })

  async function* ask(question: string): AsyncIterable<AnswerState> {
    await gateway.until(() => gateway.isSubscribed(), SUBSCRIBE_LIMIT_MS)
    gateway.say(question, { userId })
    for (let frames = 0, finish = false; !finish;) {
      await gateway.until(() => (gateway.messages(userId)[0]?.frames ?? 0) > frames, FRAME_LIMIT_MS)
      const [shown] = gateway.messages(userId)
      frames = shown.frames
      finish = shown.isFinished
      yield { content: shown.content, finish }
    }
    const [violation] = gateway.violations
    if (violation) throw new Error(`机器人违反了长连接的协议 / the bot broke a rule of the long connection: ${violation}`)
  }

  return {
    env: { WECOM_BOT_ID: BOT_ID, WECOM_BOT_SECRET: secret, WECOM_BOT_WS_URL: gateway.url },
    introduction: {
      zh: `机器人已主动连接 ${gateway.url}（模拟企业微信的长连接），没有公网地址，没有回调。`,
      en: 'The bot has opened the long connection by itself, to a mock of WeCom: no public address, no callback.',
    },
    ask,
    summary: states => ({
      zh: `长连接上 1 条消息，${states} 个推送的状态`,
      en: `1 message over the long connection, ${states} pushed states`,
    }),
    close: () => gateway.close(),
  }
}
