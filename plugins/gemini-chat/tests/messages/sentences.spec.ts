import assert from 'node:assert/strict'
import type { EngineErrorDetails, EngineErrorKind } from '../../src/engine/error'
import { createApp, RecordingBot } from '../support/app'
import type { TestApp } from '../support/app'
import { fails } from '../support/engine'

/** Each failure with its chat reply and its log line. */
const failures: [EngineErrorKind, EngineErrorDetails, RegExp, RegExp][] = [
  ['auth', { status: 400 }, /没有接受我的 API 密钥/, /^auth \(400\): .*; check apiKeys/],
  ['region', { status: 400 }, /不向服务器所在的地区/, /^region \(400\): .*; .*set proxy/],
  ['rate', { status: 429, retryAfter: 36_000 }, /请 36 秒后再试/, /^rate \(429\): .*; .*apiKeys/],
  ['rate', { status: 429 }, /请过一分钟再试/, /^rate \(429\)/],
  ['quota-day', { status: 429 }, /额度已经用完，\d\d-\d\d \d\d:\d\d 恢复/, /^quota-day \(429\): .*midnight Pacific/],
  ['server', { status: 503 }, /服务器正忙/, /^server \(503\)/],
  ['blocked', { reason: 'prompt', detail: 'SAFETY' }, /安全策略/, /^blocked: /],
  ['empty', { detail: 'STOP' }, /什么也没说/, /^empty: .*another model/],
  ['timeout', { reason: 'first-byte' }, /太久没有回应/, /^timeout: .*firstByteTimeout/],
  ['proxy', {}, /代理连不上/, /^proxy: .*check that proxy is running/],
  ['network', {}, /网络出了问题/, /^network: .*baseUrl/],
  ['model', { status: 404 }, /不存在或已经下线/, /^model \(404\): .*fallbackModels/],
  ['request', { status: 400 }, /拒绝了这次请求/, /^request \(400\)/],
  ['protocol', {}, /不是 Gemini 的回答/, /^protocol: .*baseUrl/],
]

describe('chat reply and log line', () => {
  let test: TestApp

  beforeEach(async () => {
    test = await createApp()
  })

  afterEach(() => test.close())

  for (const [kind, details, sentence, line] of failures) {
    it(`for ${kind} ${JSON.stringify(details)}`, async () => {
      test.engine.respond(fails(kind, details))
      const replies = await test.client('alice').receive('hello')
      assert.equal(replies.length, 1)
      assert.match(replies[0], sentence)
      assert.doesNotMatch(replies[0], /key-1|:\/\/|\n/)
      assert.equal(test.warnings.length, 1)
      assert.match(test.warnings[0], line)
      assert.doesNotMatch(test.warnings[0], /key-1/)
    })
  }

  it('for an answer without text', async () => {
    test.engine.respond([{ type: 'end', reason: 'stop' }])
    await test.client('alice').shouldReply('hello', /什么也没说/)
    assert.equal(test.warnings.length, 1)
  })
})

describe('without a key', () => {
  it('the reply tells how to set one', async () => {
    const test = await createApp({ config: { apiKeys: [''] } })
    try {
      assert.deepEqual(test.warnings, ['there is no API key: set apiKeys'])
      await test.client('alice').shouldReply('hello', /还没有设置 Gemini 的 API 密钥.*apiKeys/)
      assert.equal(test.warnings.length, 2)
      assert.equal(test.engine.requests.length, 0)
    } finally {
      await test.close()
    }
  })

  it('the reply follows the language of the user', async () => {
    const test = await createApp({ config: { apiKeys: [] }, locales: ['en-US'], bot: RecordingBot })
    try {
      await test.client('alice').shouldReply('hello', /There is no Gemini API key yet.*apiKeys/)
    } finally {
      await test.close()
    }
  })
})
