import type { BilingualText } from './bilingual'
import type { Variable } from './env'

/**
 * A check of variables. Its message may contain `{name}`, `{length}`, `{fault}` for the first character that is not
 * allowed and, unless secret, `{value}`.
 */
export interface EnvRule extends BilingualText {
  names: Variable[]
  isValid: (value: string) => boolean
  /** A character that is not allowed. */
  foreign?: RegExp
}

function matches(pattern: RegExp) {
  return (value: string) => pattern.test(value)
}

function isUrl(protocols: string[], check: (url: URL) => boolean = () => true) {
  return (value: string) => {
    if (!URL.canParse(value)) return false
    const url = new URL(value)
    return protocols.includes(url.protocol) && !!url.hostname && check(url)
  }
}

function oneOf(name: Variable, ...values: string[]): EnvRule {
  return {
    names: [name],
    isValid: value => values.includes(value),
    zh: `${name} 不能是 {value}，请改为 ${values.join('、')} 之一，或留空。`,
    en: `${name} cannot be {value}: use ${values.join(', ')}, or leave it empty.`,
  }
}

export const ENV_RULES: EnvRule[] = [
  oneOf('PLATFORM', 'dingtalk', 'wecom', 'both'),
  oneOf('WECOM_BOT_MODE', 'callback', 'websocket'),
  oneOf('WECOM_BOT_REPLY_MODE', 'passive_stream', 'response_url'),
  oneOf('WECOM_BOT_STREAM_STYLE', 'stream', 'stream_with_template_card'),
  oneOf('LOG_MESSAGE_TEXT', 'true', 'false'),
  oneOf('DINGTALK_PROTOCOL', 'ws', 'http'),
  oneOf('DINGTALK_STREAMING', 'live', 'economy', 'off'),
  oneOf('DINGTALK_BUILT_IN_CARD', 'true', 'false'),
  {
    names: ['PORT'],
    isValid: value => /^\d{1,5}$/.test(value) && +value >= 1 && +value <= 65535,
    zh: 'PORT 应为 1 到 65535 之间的整数，现在是 {value}。',
    en: 'PORT must be an integer from 1 to 65535, but is {value}.',
  },
  {
    names: ['SELF_URL'],
    isValid: isUrl(['https:', 'http:'], url => !url.search && !url.hash && !url.username),
    foreign: /[\s?#@]|[^\x21-\x7e]/u,
    zh: 'SELF_URL 应为站点的公网地址，例如 https://bot.example.com，现在是 {value}{fault}。',
    en: 'SELF_URL must be the public address of the site, e.g. https://bot.example.com, but is {value}{fault}.',
  },
  {
    names: [
      'WECOM_BOT_API_ENDPOINT', 'WECOM_BOT_WEBHOOK_URL', 'DINGTALK_API_ENDPOINT', 'DINGTALK_OLD_API_ENDPOINT',
      'GEMINI_BASE_URL', 'OPENAI_BASE_URL',
    ],
    isValid: isUrl(['https:', 'http:']),
    foreign: /\s|[^\x21-\x7e]/u,
    zh: '{name} 应为完整的网址，以 https:// 或 http:// 开头{fault}。',
    en: '{name} must be a complete URL that starts with https:// or http://{fault}.',
  },
  {
    names: ['WECOM_BOT_WS_URL'],
    isValid: isUrl(['wss:', 'ws:']),
    foreign: /\s|[^\x21-\x7e]/u,
    zh: 'WECOM_BOT_WS_URL 应为长连接的完整地址，以 wss:// 开头，例如 wss://openws.work.weixin.qq.com{fault}。',
    en: 'WECOM_BOT_WS_URL must be the complete address of the long connection and start with wss://, '
      + 'e.g. wss://openws.work.weixin.qq.com{fault}.',
  },
  {
    names: ['SOCKS_PROXY'],
    isValid: isUrl(['socks5:', 'socks5h:', 'http:', 'https:'], url => url.pathname.length < 2 && !url.search && !url.hash),
    foreign: /[\s#?]|[^\x21-\x7e]/u,
    zh: 'SOCKS_PROXY 应形如 socks5h://用户:密码@主机:端口（也可用 socks5、http、https），用户名和密码里的特殊字符要做 URL 编码，例如 # 写成 %23{fault}。',
    en: 'SOCKS_PROXY must look like socks5h://user:password@host:port (or socks5, http, https), '
      + 'with special characters in user and password percent-encoded, e.g. # as %23{fault}.',
  },
  {
    names: ['REDIS_URL'],
    isValid: isUrl(['redis:', 'rediss:'], url => /^\/?\d*$/.test(url.pathname) && !url.search && !url.hash),
    foreign: /[\s#?]|[^\x21-\x7e]/u,
    zh: 'REDIS_URL 应形如 redis://:密码@主机:6379/0（TLS 用 rediss://），密码里的特殊字符要做 URL 编码，例如 # 写成 %23{fault}。',
    en: 'REDIS_URL must look like redis://:password@host:6379/0 (rediss:// with TLS), '
      + 'with special characters of the password percent-encoded, e.g. # as %23{fault}.',
  },
  {
    names: ['KOISHI_ADMINS'],
    isValid: matches(/^([^:,\s]+:[^,\s]+[,\s]*)+$/),
    zh: 'KOISHI_ADMINS 应为逗号分隔的「平台:用户 ID」，例如 wecom-bot:ZhangSan,dingtalk:012345，现在是 {value}。',
    en: 'KOISHI_ADMINS takes platform:user id, separated by commas, e.g. wecom-bot:ZhangSan,dingtalk:012345, '
      + 'it is {value}.',
  },
  {
    names: ['WECOM_BOT_PATH'],
    isValid: matches(/^\/[\w\-./~]+$/),
    foreign: /[^\w\-./~]/u,
    zh: 'WECOM_BOT_PATH 应以 / 开头，只含字母、数字和 - _ . ~ /，例如 /api/wecom/callback，现在是 {value}{fault}。',
    en: 'WECOM_BOT_PATH must start with / and consist of letters, digits and - _ . ~ /, '
      + 'e.g. /api/wecom/callback, but is {value}{fault}.',
  },
  {
    names: ['WECOM_BOT_TRUSTED_HOSTS'],
    isValid: matches(/^([,\s]*(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?(?=[,\s]|$))*[,\s]*$/i),
    zh: 'WECOM_BOT_TRUSTED_HOSTS 应为逗号分隔的 主机 或 主机:端口，不带 https:// 和路径，现在是 {value}。',
    en: 'WECOM_BOT_TRUSTED_HOSTS must be a comma-separated list of host or host:port, without https:// or a path, '
      + 'but is {value}.',
  },
  {
    names: ['WECOM_BOT_ENCODING_AES_KEY'],
    isValid: value => value.length === 43 || !/^[A-Za-z0-9+/]{43}=$/.test(value),
    zh: 'WECOM_BOT_ENCODING_AES_KEY 应为 43 个字母或数字，现在是 {length} 个字符：请去掉末尾的 =。',
    en: 'WECOM_BOT_ENCODING_AES_KEY must be 43 letters or digits, but has {length} characters: leave out the = at the end.',
  },
  {
    names: ['WECOM_BOT_ENCODING_AES_KEY'],
    isValid: matches(/^[A-Za-z0-9+/]{43}=?$/),
    foreign: /[^A-Za-z0-9+/]/u,
    zh: 'WECOM_BOT_ENCODING_AES_KEY 应为 43 个字母或数字，现在是 {length} 个字符{fault}：请从企业微信后台重新复制，不带引号和空格。',
    en: 'WECOM_BOT_ENCODING_AES_KEY must be 43 letters or digits, but has {length} characters{fault}: '
      + 'copy it again from the WeCom console, without quotes or spaces.',
  },
  {
    names: [
      'WECOM_BOT_TOKEN', 'WECOM_BOT_ID', 'WECOM_BOT_SECRET', 'WECOM_BOT_WEBHOOK_KEY', 'WECOM_CORP_ID', 'WECOM_SECRET',
      'DINGTALK_CLIENT_ID', 'DINGTALK_CLIENT_SECRET',
    ],
    isValid: matches(/^[\x21-\x7e]+$/),
    foreign: /[^\x21-\x7e]/u,
    zh: '{name} 里有空格或非 ASCII 字符{fault}，请重新复制。',
    en: '{name} contains a space or a non-ASCII character{fault}: copy it again.',
  },
  {
    names: ['WECOM_AGENT_ID'],
    isValid: matches(/^\d+$/),
    foreign: /\D/u,
    zh: 'WECOM_AGENT_ID 应为纯数字（自建应用详情页的 AgentId），现在是 {value}{fault}。',
    en: 'WECOM_AGENT_ID must be a number (the AgentId on the page of the self-built app), but is {value}{fault}.',
  },
  {
    names: ['WECOM_BOT_WEBHOOK_KEY'],
    isValid: value => !value.includes('/'),
    zh: 'WECOM_BOT_WEBHOOK_KEY 只填地址里 key= 后面的部分；完整的地址请填到 WECOM_BOT_WEBHOOK_URL。',
    en: 'WECOM_BOT_WEBHOOK_KEY is only the part after key= ; put a complete URL into WECOM_BOT_WEBHOOK_URL.',
  },
  {
    names: ['DINGTALK_AGENT_ID'],
    isValid: matches(/^\d+$/),
    foreign: /\D/u,
    zh: 'DINGTALK_AGENT_ID 应为纯数字（钉钉应用详情页的 AgentId），也可以留空，现在是 {value}{fault}。',
    en: 'DINGTALK_AGENT_ID must be a number (the AgentId on the page of the DingTalk app), or empty, but is {value}{fault}.',
  },
  {
    names: ['GEMINI_API_KEY', 'OPENAI_API_KEY'],
    isValid: matches(/^[\x20-\x7e]+$/),
    foreign: /[^\x20-\x7e]/u,
    zh: '{name} 里有非 ASCII 字符{fault}：多个密钥之间请用半角逗号。',
    en: '{name} contains a non-ASCII character{fault}: separate keys with an ASCII comma.',
  },
]
