import { createDingtalk, createGemini, scenarios } from 'testkit'
import { Instance } from '../../tests/support/instance'
import type { Report } from '../harness'

interface Mode {
  name: string
  env: Record<string, string>
  /** The most calls that an answer may cost, by the seconds it takes. */
  most: Record<number, number>
}

const template = { DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' }

const modes: Mode[] = [
  { name: 'no template', env: {}, most: { 1: 1, 10: 1, 40: 1 } },
  { name: 'off', env: { ...template, DINGTALK_STREAMING: 'off' }, most: { 1: 1, 10: 1, 40: 1 } },
  { name: 'economy', env: template, most: { 1: 3, 10: 5, 40: 6 } },
  { name: 'live', env: { ...template, DINGTALK_STREAMING: 'live' }, most: { 1: 3, 10: 12, 40: 42 } },
]

/** How many calls DingTalk bills for an answer, by how long it takes. */
async function cost({ env }: Mode, seconds: number): Promise<number> {
  const dingtalk = await createDingtalk()
  const gemini = await createGemini()
  const pieces = seconds * 5
  gemini.respond({ ...scenarios.text(...Array<string>(pieces).fill('字')), gap: seconds * 1000 / pieces })
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

/** What an answer costs on DingTalk, whose standard edition has 5,000 calls a month. */
export async function dingtalk(report: Report) {
  for (const seconds of [1, 10, 40]) {
    const calls = await Promise.all(modes.map(mode => cost(mode, seconds)))
    for (const [index, { name, most }] of modes.entries()) {
      const answers = Math.floor(5000 / calls[index]).toLocaleString('en')
      report.atMost(`${name}, calls for an answer of ${seconds} s`, calls[index], most[seconds], `${answers} answers a month`)
    }
  }
}
