import { createDingtalk, createGemini, scenarios } from 'testkit'
import { Instance } from '../../tests/support/instance'
import type { Report } from '../harness'

/** API calls, and webhook and Stream messages, per month in DingTalk's standard edition. */
const MONTHLY_CALLS = 5000
const MONTHLY_MESSAGES = 3000

/**
 * By these pages every call is billed but those of a list. Access tokens are on it; cards, messages, reactions, uploads
 * and downloads are not. The mock of DingTalk bills accordingly.
 */
const BILLING_PAGE = 'https://open.dingtalk.com/document/development/dingtalk-application-development-platform-billing-model'
const FREE_CALLS_PAGE = 'https://open.dingtalk.com/document/development/basic-interfaces-such-as-log-off-and-address-book'

/** What DingTalk bills for an answer. */
interface Cost {
  calls: number
  /** The calls, by API. */
  byApi: string
  /** Webhook and Stream messages, the question included. */
  messages: number
}

interface Mode {
  name: string
  env: Record<string, string>
  /** Maximum calls for an answer, by its duration in seconds. */
  maxCalls: Record<number, number>
}

const template = { DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' }

const modes: Mode[] = [
  // Each but `off` puts on the sign that the message was received, and takes it back: two calls.
  { name: 'no card', env: { DINGTALK_BUILT_IN_CARD: 'false' }, maxCalls: { 1: 2, 10: 2, 40: 2 } },
  { name: 'off', env: { ...template, DINGTALK_STREAMING: 'off' }, maxCalls: { 1: 0, 10: 0, 40: 0 } },
  // Its end takes an update of its own.
  { name: 'economy, built-in template', env: {}, maxCalls: { 1: 6, 10: 8, 40: 9 } },
  { name: 'economy', env: template, maxCalls: { 1: 5, 10: 7, 40: 8 } },
  { name: 'live', env: { ...template, DINGTALK_STREAMING: 'live' }, maxCalls: { 1: 5, 10: 14, 40: 44 } },
]

/** Measures what DingTalk bills for an answer of this duration. */
async function costOfAnswer({ env }: Mode, seconds: number): Promise<Cost> {
  const dingtalk = await createDingtalk({ sessionWebhooks: true })
  const gemini = await createGemini()
  const chunks = seconds * 5
  gemini.respond({ ...scenarios.text(...Array<string>(chunks).fill('字')), gap: seconds * 1000 / chunks })
  const instance = await Instance.start({
    env: {
      PLATFORM: 'dingtalk', DINGTALK_CLIENT_ID: dingtalk.appKey, DINGTALK_CLIENT_SECRET: dingtalk.appSecret,
      DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint, DINGTALK_OLD_API_ENDPOINT: dingtalk.oldApiEndpoint,
      GEMINI_API_KEY: 'bench', GEMINI_BASE_URL: gemini.url, ...env,
    },
  })
  try {
    await instance.ready()
    await dingtalk.stream.connected()
    const { count, messages } = dingtalk.meter
    const earlier = dingtalk.calls.length
    const isAnswered = () => dingtalk.messages.length > 0 || dingtalk.cards[0]?.state === 'finished'
    await dingtalk.say('说吧')
    while (!isAnswered() || dingtalk.reactions.some(({ isRecalled }) => !isRecalled)) {
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    const billed = dingtalk.calls.slice(earlier).filter(({ billed }) => billed).map(({ api }) => api)
    const byApi = [...new Set(billed)].map(api => `${api} ${billed.filter(each => each === api).length}`).join(', ')
    return { byApi, calls: dingtalk.meter.count - count, messages: dingtalk.meter.messages - messages }
  } finally {
    await instance.close()
    await dingtalk.close()
    await gemini.close()
  }
}

/** API calls per answer on DingTalk, which limits them per month. */
export async function dingtalk(report: Report) {
  for (const seconds of [1, 10, 40]) {
    const costs = await Promise.all(modes.map(mode => costOfAnswer(mode, seconds)))
    for (const [index, { name, maxCalls }] of modes.entries()) {
      const { byApi, calls, messages } = costs[index]
      const answers = Math.floor(Math.min(MONTHLY_CALLS / calls, MONTHLY_MESSAGES / messages)).toLocaleString('en')
      const remark = `${byApi ? `${byApi}; ` : ''}${messages} webhook and Stream messages, ${answers} answers per month`
      report.atMost(`${name}, calls for an answer of ${seconds} s`, calls, maxCalls[seconds], remark)
    }
  }
  report.note(`not billed: access tokens (${FREE_CALLS_PAGE}), and what is refused for its speed (${BILLING_PAGE})`)
  report.note('replies by sessionWebhook are no calls but webhook messages')
}
