import { parseArgs } from 'node:util'

export interface TerminalOptions {
  command: 'verify' | 'chat'
  url: string
  token: string
  encodingAESKey: string
  receiveId?: string
  botId?: string
  botName?: string
  userId?: string
  chatId?: string
  /** Port that receives active replies. */
  listen?: number
}

/** A wrong command line. Its message is printed without a stack. */
export class UsageError extends Error {}

export const CHAT_COMMANDS = `对话中 / While chatting
  /group [id]    进入群聊 / enter a group
  /single        回到单聊 / back to the direct chat
  /user <id>     切换用户 / switch to another user
  /click <n>     点击最近一张卡片的第 n 个按钮，有选项时加上 问题=选项
                 click button n of the last card, with question=option for choices
  回答还在变长时也可以点击卡片，或者再说一句
  cards can be clicked, and more can be said, while an answer grows
  /enter         触发「进入会话」事件 / send the enter_chat event
  /exit          退出 / quit`

export const USAGE = `用法 / Usage
  npm run wecom -- verify --url <回调地址>   检查回调地址 / check a callback URL
  npm run wecom -- chat --url <回调地址>     在终端里和机器人对话 / chat with the bot in a terminal

选项 / Options（括号内是对应的环境变量 / environment variables in brackets）
  --url         回调地址 / callback URL
                [SELF_URL 或 HOST、PORT，加上 WECOM_BOT_PATH]
  --token       [WECOM_BOT_TOKEN]
  --aes-key     [WECOM_BOT_ENCODING_AES_KEY]
  --receive-id  [WECOM_BOT_RECEIVE_ID]
  --bot-id      [WECOM_BOT_ID]
  --name        机器人名称，群聊里 @ 用 / display name, for mentions in groups [WECOM_BOT_NAME]
  --user        发送者的用户 ID / user id of the sender
  --chat        群聊 ID，不写则为单聊 / group chat id; default: direct chat
  --listen      在 127.0.0.1 的这个端口接收主动回复，机器人须信任它：WECOM_BOT_TRUSTED_HOSTS=127.0.0.1:<端口>
                receive active replies on this port; the bot must trust it

${CHAT_COMMANDS}`

type Environment = Record<string, string | undefined>

function defaultUrl(env: Environment) {
  const origin = env.SELF_URL || `http://${env.HOST || '127.0.0.1'}:${env.PORT || 35000}`
  return origin.replace(/\/+$/, '') + (env.WECOM_BOT_PATH || '/api/wecom/callback')
}

function parseArguments(args: string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        url: text, token: text, 'aes-key': text, 'receive-id': text, 'bot-id': text,
        name: text, user: text, chat: text, listen: text, help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`)
  }
}

/**
 * Reads the command line. Missing options are taken from environment variables.
 * @returns `undefined` for --help
 * @throws {UsageError}
 */
export function readOptions(args: string[], env: Environment): TerminalOptions | undefined {
  const { values, positionals: [command, ...rest] } = parseArguments(args)
  if (values.help) return
  if ((command !== 'verify' && command !== 'chat') || rest.length) throw new UsageError(USAGE)
  const token = values.token || env.WECOM_BOT_TOKEN
  const encodingAESKey = values['aes-key'] || env.WECOM_BOT_ENCODING_AES_KEY
  if (!token || !encodingAESKey) {
    throw new UsageError('缺少凭据：请用 --token 和 --aes-key，或设置 WECOM_BOT_TOKEN 和 WECOM_BOT_ENCODING_AES_KEY。\n'
      + 'Credentials are missing: pass --token and --aes-key, or set WECOM_BOT_TOKEN and WECOM_BOT_ENCODING_AES_KEY.')
  }
  const url = values.url || defaultUrl(env)
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError('--url 应以 http:// 或 https:// 开头。\n--url must start with http:// or https://.')
  }
  if (!/^[A-Za-z0-9+/]{43}$/.test(encodingAESKey)) {
    throw new UsageError(`EncodingAESKey 应为 43 位字母和数字，不带末尾的 =，现在是 ${encodingAESKey.length} 个字符，请重新复制。\n`
      + 'The EncodingAESKey must be 43 letters and digits, without the = at the end, '
      + `but has ${encodingAESKey.length} characters; copy it again.`)
  }
  return {
    command,
    url,
    token,
    encodingAESKey,
    receiveId: values['receive-id'] ?? (env.WECOM_BOT_RECEIVE_ID || undefined),
    botId: values['bot-id'] || env.WECOM_BOT_ID || undefined,
    botName: values.name || env.WECOM_BOT_NAME || undefined,
    userId: values.user,
    chatId: values.chat,
    listen: values.listen === undefined ? undefined : Number(values.listen),
  }
}
