import type { ModelFeature } from './types'

/** The account behind a key has no money or no quota at all; waiting does not help. */
const NO_CREDIT = new RegExp([
  'insufficient[_ ](user[_ ])?(quota|balance|credits?|funds)', 'not enough (quota|balance|credits?)',
  '(quota|balance|credits?) (is|are) (not enough|insufficient|depleted|too low)', 'credits? .{0,20}(depleted|exhausted)',
  'out of credits?', 'no credits? (left|remaining)', 'pre_?consume_token_quota_failed', 'token quota exhausted',
  'billing[_ ](hard[_ ]limit|disabled|not[_ ]active)', 'requires billing', 'payment[_ ]required', '\\btop[ -]?up\\b',
  'billing (account )?.{0,30}(disabled|not (been )?(enabled|active|configured))', 'account .{0,20}(in arrears|overdue)',
  '(额度|余额|配额|点数).{0,6}(不足|耗尽|用尽|用完|已用)', '欠费', '请充值',
].join('|'), 'i')

/** Google's words for a model that the free tier does not have. */
export const ZERO_QUOTA = /\blimit: ?0(?![.\d])/

/** A quota that is back on the next day. */
const DAILY = /\bdaily\b|\bper ?day\b|[今当每][日天]|明[日天]/i

/**
 * Whether a refusal says that there is no money, or that the quota of a model is zero: 402, relays that are out of
 * balance, and `limit: 0`, Google's word for a model that the free tier does not have.
 * @param zeroQuota whether a quota that the error names has the value 0
 */
export function isWithoutCredit(status: number | undefined, text: string, zeroQuota = false): boolean {
  if (status === 402 || zeroQuota || ZERO_QUOTA.test(text)) return true
  return NO_CREDIT.test(text) && !DAILY.test(text)
}

const DENIAL = new RegExp([
  '\\b(not|n\'t|cannot be|can\'t be) (be )?(enabled|supported|available|allowed|accepted|permitted|used)',
  '\\b(not|n\'t) (support|accept|allow|take)', '\\bunsupported\\b', '\\bno endpoints found that support\\b', '\\bonly works\\b',
  '\\bis invalid\\b', '\\bunknown (name|field)\\b', '不支持', '未启用',
].join('|'), 'i')

/** By what the message names. The order matters: messages on tools may name files as well. */
const FEATURES: [ModelFeature, RegExp][] = [
  ['system', /\b(system|developer)[ _-]?(instruction|prompt|message|role)s?\b|系统(指令|提示|消息)/i],
  ['thinking', /\bthinking|\breasoning\b|\bbudget\b|思考/i],
  ['tools', /\btools?\b|\btool[ _](use|calling)|\bfunction[ _]?call|\bsearch\b|\bgrounding\b|\bcode[ _]?execution|\burl[ _]?context|工具|函数调用|联网/i],
  ['files', /\b(image|audio|video|vision|visual|pdf|document|media|multi-?modal)|inline_?data|图[片像]|视觉|多模态|音频|视频/i],
]

/**
 * What a model does not take, by its refusal: system instructions, thinking settings, tools or files.
 * @returns undefined if the refusal is about something else, such as the format of one file
 */
export function refusedFeature(message: string): ModelFeature | undefined {
  // Names of models may contain `image` or `thinking`.
  const text = message.replace(/\bmodels\/[\w.-]+|\b(gemini|gemma|learnlm)-[\w.-]+/gi, '')
  if (!DENIAL.test(text) || /\bmime[ _]?type/i.test(text)) return
  return FEATURES.find(([, pattern]) => pattern.test(text))?.[0]
}

const TOO_LONG = new RegExp([
  '\\b(tokens?|context|prompt|input|contents?)\\b[^.]{0,120}\\b(exceed|too (long|large|many)|longer than|maximum)',
  '\\bexceeds? (the )?(maximum|limit|context)', '\\bmaximum context length\\b', 'context[_ ](length|window)[_ ]exceeded',
  '\\btoo many (input )?tokens\\b', '\\b(request|payload)[^.]{0,60}\\btoo large\\b',
  '(上下文|输入|提示词?|内容).{0,12}(过长|太长|超长|超出|超过)',
].join('|'), 'i')

/** Whether a request was refused because it has more tokens or bytes than the model takes. */
export function isTooLong(status: number | undefined, message: string): boolean {
  return status === 413 || (TOO_LONG.test(message) && !/max_?(output|completion)?_?tokens\b/i.test(message))
}

/** The tokens a model takes, as a refusal of a request that is too long says. */
export function tokenLimitIn(message: string): number | undefined {
  if (!/token/i.test(message)) return
  const [, limit] = /\b(?:maximum|limit|at most|up to)\D{0,60}?(\d{3,})\b/i.exec(message) ?? []
  return limit ? Number(limit) : undefined
}

const UNSERVED = /(location|territory) (is )?not supported|not (available|supported) in your (country|region|location)|unsupported_country/i

/** Whether a refusal says that the provider does not serve the place the request comes from. */
export function isUnserved(message: string): boolean {
  return UNSERVED.test(message)
}
