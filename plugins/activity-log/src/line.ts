/** Platforms by the name that operators know. */
const PLATFORMS: Record<string, string> = { 'wecom-bot': '企业微信', dingtalk: '钉钉' }

/** What a line is about: a refused callback, a message that arrived, an answer of the model, its replies, or a push. */
export type Component = 'Callback' | 'Message' | 'AIHandler' | 'Reply' | 'Push'

export type Fields = Record<string, string | number | undefined>

/** Longest value. Ids come from the platform, and texts are cut. */
const MAX_VALUE_LENGTH = 200

/** A value without white space, so that a line stays one line and its fields can be told apart. */
function format(value: string | number): string {
  const text = String(value).slice(0, MAX_VALUE_LENGTH)
  return /^[^\s"=\p{C}]+$/u.test(text) ? text : JSON.stringify(text).replace(/\p{C}/gu, '?')
}

/** One line: platform, component and what is known, e.g. `企业微信 Message user=ZhangSan kind=text msgid=abc`. */
export function activityLine(platform: string, component: Component, fields: Fields): string {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')
  return [PLATFORMS[platform] ?? platform, component, ...known.map(([name, value]) => `${name}=${format(value!)}`)].join(' ')
}
