import assert from 'node:assert/strict'
import { EngineError } from '../../src/engine/error'
import type { EngineErrorKind } from '../../src/engine/error'
import { userMessage, operatorMessage } from '../../src/messages/error-messages'
import enUS from '../../src/locales/en-US.yml'
import zhCN from '../../src/locales/zh-CN.yml'

const kinds: Record<EngineErrorKind, true> = {
  auth: true, region: true, model: true, request: true, rate: true, 'quota-day': true, server: true, network: true,
  proxy: true, timeout: true, aborted: true, blocked: true, empty: true, protocol: true, billing: true,
  incomplete: true,
}

describe('messages about an error', () => {
  for (const kind of Object.keys(kinds) as EngineErrorKind[]) {
    it(`exist in both languages for kind ${kind}`, () => {
      const [path] = userMessage(new EngineError(kind, 'message'))
      assert.equal(path, `errors.${kind}`)
      assert.match(zhCN['gemini-chat'].errors[kind], /[。）]$/)
      assert.match(enUS['gemini-chat'].errors[kind], /\.$/)
    })
  }

  for (const kind of Object.keys(kinds) as EngineErrorKind[]) {
    it(`name the provider that was asked, for kind ${kind}`, () => {
      for (const [provider, title] of [['deepseek', 'deepseek'], [undefined, 'Gemini']] as const) {
        const [path, params] = userMessage(new EngineError(kind, 'message', { provider }))
        for (const texts of [zhCN, enUS]) {
          const text = texts['gemini-chat'].errors[path.replace('errors.', '')] as string
          const filled = text.replace(/\{(\w+)\}/g, (_, name) => (params as Record<string, string>)[name])
          assert.equal(filled.includes(title), text.includes('{provider}'), filled)
          assert.doesNotMatch(filled, provider ? /Gemini|Google|undefined/ : /undefined/)
        }
      }
      assert.doesNotMatch(operatorMessage(new EngineError(kind, 'message', { provider: 'deepseek' })), /Gemini|Google|Pacific/)
    })
  }

  it('name another provider than Gemini in the log', () => {
    assert.match(operatorMessage(new EngineError('auth', 'no', { status: 401, provider: 'deepseek' })), /^auth \(401\) at deepseek: no;/)
  })

  it('tell how long to wait, if that is known', () => {
    assert.deepEqual(userMessage(new EngineError('rate', '', { retryAfter: 36_100 })), ['errors.rate-wait', { seconds: 37 }])
  })

  it('tell what helps if thinking used up the token limit', () => {
    assert.deepEqual(userMessage(new EngineError('empty', '', { reason: 'length' })), ['errors.empty-tokens'])
  })

  it('exist for unexpected errors', () => {
    assert.deepEqual(userMessage(new TypeError('x')), ['errors.unknown'])
    assert.equal(operatorMessage(new TypeError('x is undefined')), 'unexpected error: x is undefined')
  })

  it('name kind, status, message and advice in the log', () => {
    assert.equal(
      operatorMessage(new EngineError('server', 'The model is overloaded.', { status: 503 })),
      'server (503): The model is overloaded.; the service is overloaded or down; it usually recovers by itself',
    )
    assert.equal(operatorMessage(new EngineError('blocked', 'blocked:\n  SAFETY')), 'blocked: blocked: SAFETY')
  })
})

describe('locale texts', () => {
  function paths(tree: object, prefix = ''): string[] {
    return Object.entries(tree).flatMap(([key, value]) => {
      return typeof value === 'object' ? paths(value, `${prefix}${key}.`) : [prefix + key]
    })
  }

  it('are the same in both languages', () => {
    assert.deepEqual(paths(enUS), paths(zhCN))
  })

  it('contain no address', () => {
    for (const text of [zhCN, enUS].map(texts => JSON.stringify(texts['gemini-chat']))) assert.doesNotMatch(text, /:\/\//)
  })
})
