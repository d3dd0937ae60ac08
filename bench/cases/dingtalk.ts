import { createDingtalk, createGemini, scenarios } from 'testkit'
import { Instance } from '../../tests/support/instance'
import type { Report } from '../harness'

/** API calls per month in DingTalk's standard edition. */
const MONTHLY_CALLS = 5000

interface Mode {
  name: string
  env: Record<string, string>
  /** Maximum calls for an answer, by its duration in seconds. */
  maxCalls: Record<number, number>
}

const template = { DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' }

const modes: Mode[] = [
  { name: 'no template', env: {}, maxCalls: { 1: 1, 10: 1, 40: 1 } },
  { name: 'off', env: { ...template, DINGTALK_STREAMING: 'off' }, maxCalls: { 1: 1, 10: 1, 40: 1 } },
  { name: 'economy', env: template, maxCalls: { 1: 3, 10: 5, 40: 6 } },
  { name: 'live', env: { ...template, DINGTALK_STREAMING: 'live' }, maxCalls: { 1: 3, 10: 12, 40: 42 } },
]

/** Measures the calls that DingTalk bills for an answer of this duration. */
async function callsPerAnswer({ env }: Mode, seconds: number): Promise<number> {
  const dingtalk = await createDingtalk()
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
    const before = dingtalk.meter.count
    await dingtalk.say('说吧')
    while (!dingtalk.messages.length && dingtalk.cards[0]?.state !== 'finished') {
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return dingtalk.meter.count - before
  } finally {
    await instance.close()
    await dingtalk.close()
    await gemini.close()
  }
}

/** API calls per answer on DingTalk, which limits them per month. */
export async function dingtalk(report: Report) {
  for (const seconds of [1, 10, 40]) {
    const calls = await Promise.all(modes.map(mode => callsPerAnswer(mode, seconds)))
    for (const [index, { name, maxCalls }] of modes.entries()) {
      const answers = Math.floor(MONTHLY_CALLS / calls[index]).toLocaleString('en')
      report.atMost(`${name}, calls for an answer of ${seconds} s`, calls[index], maxCalls[seconds], `${answers} answers per month`)
    }
  }
}
