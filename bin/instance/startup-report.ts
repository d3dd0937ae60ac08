import type { SharedState } from 'common/shared-state'
import { CONSOLE_PATH } from './validate-env'
import type { Env } from './env'
import type { ReportLine, Mark } from './bilingual'
import { describeSurface } from './surfaces'
import type { AppSettings, Sighting } from './surfaces'

interface Server {
  host: string
  port: number
  selfUrl?: string
}

interface WecomSettings {
  path?: string
  token?: string
  mode?: string
  botId?: string
  botSecret?: string
}

interface GeminiSettings {
  apiKeys?: string[]
  model?: string
  proxy?: string
  openaiBaseUrl?: string
  openaiApiKeys?: string[]
  openaiModel?: string
  openaiProxy?: string
  providers?: { name: string }[]
}

/** The settings of running plugins that the report mentions, by plugin name. */
export interface RunningPlugins {
  server?: Server
  console?: { uiPath?: string }
  'adapter-wecom-bot'?: AppSettings & WecomSettings
  'adapter-dingtalk'?: { protocol: string }
  'dingtalk-companion'?: object
  'gemini-chat'?: GeminiSettings
}

/** What was found at the start. */
export interface Observed {
  /** What WeCom's Token was last used by. */
  seen?: Sighting
  /** The state that several instances share, if that plugin runs. */
  shared?: Pick<SharedState, 'isShared' | 'isDegraded' | 'instances'>
}

function line(mark: Mark, zh: string, en: string): ReportLine {
  return { mark, zh, en }
}

function isLoopback(host: string): boolean {
  return /^(127\.[\d.]+|localhost|::1)$/.test(host)
}

/** The address of the instance on this machine. */
function localOrigin({ host = '127.0.0.1', port = 0 }: Partial<Server> = {}): string {
  if (host === '0.0.0.0' || host === '::') host = '127.0.0.1'
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Warns about addresses that the WeCom console rejects: it only accepts https and a domain name. */
function* selfUrlWarnings(origin: string): Iterable<ReportLine> {
  const { protocol, hostname } = new URL(origin)
  if (hostname === 'localhost' || isLoopback(hostname) || hostname === '[::1]') {
    yield line('!',
      `SELF_URL 是本机地址 ${hostname}，企业微信无法访问，请改为公网域名。`,
      `SELF_URL is a local address (${hostname}) that WeCom cannot reach: use a public domain name.`)
  } else if (/^[\d.]+$|^\[/.test(hostname)) {
    yield line('!',
      `SELF_URL 是 IP 地址 ${hostname}，企业微信后台只接受已备案的域名。`,
      `SELF_URL is an IP address (${hostname}): the WeCom console only accepts a registered domain name.`)
  }
  if (protocol === 'http:') {
    yield line('!',
      'SELF_URL 以 http:// 开头，企业微信的回调需要 https://，请在反向代理上配置证书。',
      'SELF_URL starts with http://, but WeCom requires https://: set up a certificate at the reverse proxy.')
  }
}

/** What the Token was last used by, if a message has ever arrived. */
function* describeSighting({ 'adapter-wecom-bot': wecom }: RunningPlugins, seen?: Sighting): Iterable<ReportLine> {
  if (wecom && seen) yield describeSurface(seen.surface, wecom)
}

/** How many instances see each other. */
function* describeShared(shared: Observed['shared']): Iterable<ReportLine> {
  if (!shared?.isShared) return
  const { length } = shared.instances
  yield shared.isDegraded
    ? line('!',
        'Redis：连不上，在它恢复之前本实例单独工作，看不到其他实例。请检查 REDIS_URL，原因见日志。',
        'Redis: does not answer. Until it does, this instance acts alone and sees no others. Check REDIS_URL; the log has '
      + 'the reason.')
    : line('✓',
        `Redis：已连接，现在有 ${length} 个实例共用状态（包括本实例）。`,
        `Redis: connected, ${length === 1 ? '1 instance shares its' : `${length} instances share their`} state at present, `
      + 'this one included.')
}

/** The long connection, and why it runs where the callback could, too. */
function* describeLongConnection({ mode, token, botId }: WecomSettings): Iterable<ReportLine> {
  const [zh, en] = mode
    ? ['按 WECOM_BOT_MODE（或 mode）的设置', 'as WECOM_BOT_MODE (or mode) says']
    : ['因为只设置了 BotID 和 Secret', 'because only BotID and Secret are set']
  yield line('✓',
    `企业微信：已开启，长连接（${botId}），不需要公网地址，${zh}。`,
    `WeCom: on, long connection (${botId}), no public address needed, ${en}.`)
  if (token) {
    yield line('-',
      '企业微信：也设置了 Token，但长连接不用它。在后台保存回调 URL 会断开长连接，二者只能用一种。',
      'WeCom: a Token is set as well, which the long connection does not use. Saving a callback URL in the console ends '
      + 'the long connection: use one of the two.')
  }
}

function* describeWecom(running: RunningPlugins, env: Env): Iterable<ReportLine> {
  const wecom = running['adapter-wecom-bot']
  if (!wecom) {
    return yield env.PLATFORM === 'dingtalk'
      ? line('-', '企业微信：关闭（PLATFORM=dingtalk）。', 'WeCom: off (PLATFORM=dingtalk).')
      : line('-',
          '企业微信：未开启。设置 WECOM_BOT_TOKEN 和 WECOM_BOT_ENCODING_AES_KEY（智能机器人「API 模式」页面的两个值）后重启。'
          + '没有公网域名？改为设置 WECOM_BOT_ID 和 WECOM_BOT_SECRET（「API 模式 - 长连接」）。',
          'WeCom: off. Set WECOM_BOT_TOKEN and WECOM_BOT_ENCODING_AES_KEY (the two values on the API page of the '
          + 'bot) and restart. No public domain? Set WECOM_BOT_ID and WECOM_BOT_SECRET (API mode, long connection) instead.')
  }
  const { mode, token, botSecret } = wecom
  if (mode === 'websocket' || (!mode && botSecret && !token)) return yield* describeLongConnection(wecom)
  if (botSecret) {
    yield line('-',
      `企业微信：也设置了长连接的 Secret，但用的是回调，${mode ? '按 WECOM_BOT_MODE（或 mode）的设置' : '因为设置了 Token'}。要用长连接，设置 WECOM_BOT_MODE=websocket。`,
      `WeCom: the Secret of the long connection is set as well, but callbacks are used, ${mode ? 'as WECOM_BOT_MODE (or mode) says' : 'because a Token is set'}. `
      + 'For the long connection, set WECOM_BOT_MODE=websocket.')
  }
  const { selfUrl } = running.server ?? {}
  const path = wecom.path || '/api/wecom/callback'
  if (selfUrl) {
    yield line('✓',
      `企业微信：已开启。后台的 URL 填 ${selfUrl}${path}`,
      `WeCom: on. URL for the WeCom console: ${selfUrl}${path}`)
    return yield* selfUrlWarnings(selfUrl)
  }
  yield line('✓',
    `企业微信：已开启，本机地址 ${localOrigin(running.server)}${path}`,
    `WeCom: on, local address ${localOrigin(running.server)}${path}`)
  yield line('!',
    `没有设置 SELF_URL：后台的 URL 填 https://你的域名${path}，并把它反向代理到上面的地址。设置 SELF_URL 后，这里会显示完整的 URL。`,
    `SELF_URL is not set: the URL for the WeCom console is https://your-domain${path}, proxied to the address above. `
    + 'Set SELF_URL to see the complete URL here.')
}

function* describeDingtalk(running: RunningPlugins, env: Env): Iterable<ReportLine> {
  const dingtalk = running['adapter-dingtalk']
  if (!dingtalk) {
    return yield env.PLATFORM === 'wecom'
      ? line('-', '钉钉：关闭（PLATFORM=wecom）。', 'DingTalk: off (PLATFORM=wecom).')
      : line('-',
          '钉钉：未开启。设置 DINGTALK_CLIENT_ID 和 DINGTALK_CLIENT_SECRET 后重启。',
          'DingTalk: off. Set DINGTALK_CLIENT_ID and DINGTALK_CLIENT_SECRET and restart.')
  }
  if (dingtalk.protocol === 'ws') {
    yield line('✓',
      '钉钉：已开启，Stream 模式，不需要公网地址。',
      'DingTalk: on, Stream mode, no public address needed.')
  } else {
    const origin = running.server?.selfUrl || localOrigin(running.server)
    yield line('✓',
      `钉钉：已开启，HTTP 模式，消息接收地址 ${origin}/dingtalk（推荐改用 Stream 模式：DINGTALK_PROTOCOL=ws）。`,
      `DingTalk: on, HTTP mode, message address ${origin}/dingtalk (Stream mode is recommended: DINGTALK_PROTOCOL=ws).`)
  }
  if (running['dingtalk-companion']) return
  yield line('!',
    '没有加载 dingtalk-companion：群消息、Markdown、AI 卡片和断线重连都不能正常工作。请在 koishi.yml 里 adapter-dingtalk '
    + '的后面加上它，并把原来 gemini-chat.dingtalk 下的设置移过去。',
    'dingtalk-companion is not loaded: group messages, Markdown, AI cards and reconnecting do not work. Add it to '
    + 'koishi.yml after adapter-dingtalk, and move the settings under gemini-chat.dingtalk there.')
}

function* describeGemini(running: RunningPlugins): Iterable<ReportLine> {
  const gemini = running['gemini-chat']
  if (!gemini) return yield line('-', 'Gemini：关闭。', 'Gemini: off.')
  const { openaiBaseUrl, openaiApiKeys, providers = [] } = gemini
  const hasOpenAi = !!openaiBaseUrl || !!openaiApiKeys?.length
  if (hasOpenAi) yield* describeOpenAi(gemini)
  else if (gemini.openaiModel) {
    yield line('!',
      '设置了 OPENAI_MODEL，但没有 OPENAI_BASE_URL 和 OPENAI_API_KEY，没有使用：请至少再设置其中一个。',
      'OPENAI_MODEL is set without OPENAI_BASE_URL and OPENAI_API_KEY and has no effect: set one of the two.')
  }
  if (providers.length) {
    const names = providers.map(({ name }) => name).join(', ')
    yield line('✓', `更多模型服务：${names}。`, `More model services: ${names}.`)
  }
  if (!gemini.apiKeys?.length) {
    if (hasOpenAi || providers.length) return yield line('-', 'Gemini：没有密钥，不使用。', 'Gemini: no key, not used.')
    return yield line('!',
      'Gemini：缺少 GEMINI_API_KEY，机器人只会回复设置方法。',
      'Gemini: GEMINI_API_KEY is missing, so the bot only replies how to set it.')
  }
  const { model, proxy } = gemini
  yield line('✓',
    `Gemini：模型 ${model}，${proxy ? '经 SOCKS_PROXY 访问' : '直接访问，不经代理'}。`,
    `Gemini: model ${model}, ${proxy ? 'through SOCKS_PROXY' : 'without a proxy'}.`)
}

/** The service of the OPENAI_* variables; of its address only the host is shown. */
function* describeOpenAi({ openaiBaseUrl: address, openaiModel, openaiProxy }: GeminiSettings): Iterable<ReportLine> {
  const host = address && URL.canParse(address) ? new URL(address).host : address ? '?' : 'api.openai.com'
  if (!openaiModel) {
    return yield line('!',
      `OpenAI 兼容接口（${host}）：缺少 OPENAI_MODEL，没有使用它的模型。`,
      `OpenAI-compatible service (${host}): OPENAI_MODEL is missing, so none of its models is used.`)
  }
  yield line('✓',
    `OpenAI 兼容接口（${host}）：模型 ${openaiModel}，${openaiProxy ? '经代理访问' : '直接访问，不经代理'}。`,
    `OpenAI-compatible service (${host}): model ${openaiModel}, ${openaiProxy ? 'through a proxy' : 'without a proxy'}.`)
}

function* describeConsole(running: RunningPlugins, env: Env): Iterable<ReportLine> {
  const { server, console } = running
  if (!console) {
    if (!server || isLoopback(server.host) || env.KOISHI_ADMIN_PASSWORD) return yield line('-', '控制台：关闭。', 'Console: off.')
    return yield line('-',
      `控制台：关闭，因为 HOST=${server.host} 不是本机回环地址，而且没有设置密码。设置 KOISHI_ADMIN_PASSWORD 即可开启。`,
      `Console: off, because HOST=${server.host} is not a loopback address and no password is set. `
      + 'Set KOISHI_ADMIN_PASSWORD to turn it on.')
  }
  const address = localOrigin(server) + (console.uiPath ?? CONSOLE_PATH)
  yield env.KOISHI_ADMIN_PASSWORD
    ? line('✓',
        `控制台：${address} ，用 KOISHI_ADMIN_PASSWORD 的密码登录。`,
        `Console: ${address} , log in with the password in KOISHI_ADMIN_PASSWORD.`)
    : line('✓',
        `控制台：${address} ，没有密码，用下面的一次性链接登录。`,
        `Console: ${address} , without a password: log in with the one-time link below.`)
}

/**
 * Reports which platforms are on, which addresses to enter in their consoles, and which settings are missing.
 * @param running the running plugins with their settings
 * @param env the environment without blank variables
 */
export function startupReport(running: RunningPlugins, env: Env, { seen, shared }: Observed = {}): ReportLine[] {
  const lines = [
    ...describeWecom(running, env),
    ...describeSighting(running, seen),
    ...describeDingtalk(running, env),
    ...describeGemini(running),
    ...describeConsole(running, env),
    ...describeShared(shared),
  ]
  if (running['adapter-wecom-bot'] || running['adapter-dingtalk']) return lines
  return [...lines, line('!',
    '没有开启任何平台，机器人收不到消息，健康检查也不会通过：请按上面的说明设置一个平台的变量，或在控制台里填写并启用它的插件。',
    'No platform is on: the bot does not receive any messages, and the health check fails. Set the variables of a '
    + 'platform as described above, or fill in and enable its plugin in the console.')]
}
