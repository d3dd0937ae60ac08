import { randomBytes } from 'node:crypto'
import { WecomClient, createEncodingAESKey, createToken, freePort } from 'testkit'
import { chat } from '../terminal/chat'
import type { TerminalOptions } from '../terminal/options'
import type { Platform } from './platform'

/** WeCom sends encrypted callbacks and polls the answers. */
export async function callbackPlatform(port: number): Promise<Platform> {
  const listen = await freePort()
  const options: TerminalOptions = {
    command: 'chat',
    url: `http://127.0.0.1:${port}/api/wecom/callback`,
    token: createToken(),
    encodingAESKey: createEncodingAESKey(),
    botName: '小助手',
    userId: 'demo-' + randomBytes(2).toString('hex'),
    listen,
  }
  return {
    env: {
      WECOM_BOT_TOKEN: options.token,
      WECOM_BOT_ENCODING_AES_KEY: options.encodingAESKey,
      WECOM_BOT_NAME: options.botName!,
      WECOM_BOT_STREAM_STYLE: 'stream_with_template_card',
      WECOM_BOT_TRUSTED_HOSTS: `127.0.0.1:${listen}`,
    },
    introduction: {
      zh: `机器人「${options.botName}」已在 ${options.url} 启动，凭据为本次随机生成，消息按企业微信的方式加密。`,
      en: 'The bot is running with credentials generated for this run; messages are encrypted as WeCom does.',
    },
    async* ask(question) {
      for await (const { content, finish, raw } of new WecomClient(options).ask(question)) {
        yield { content, finish, card: raw.template_card }
      }
    },
    summary: states => ({
      zh: `1 条加密消息，${states - 1} 次轮询`,
      en: `1 encrypted message, ${states - 1} polls`,
    }),
    chat: () => chat(options),
    async close() {},
  }
}
