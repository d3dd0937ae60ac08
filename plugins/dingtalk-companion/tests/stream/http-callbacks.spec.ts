import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { FakeClock } from 'common/testing'
import { takeHttpCallbacks } from '../../src/stream/http-callbacks'

const START = 1_800_000_000_000
const HOUR_MS = 3_600_000

type Handler = (request: object, next: () => Promise<void>) => Promise<void>

describe('takeHttpCallbacks', () => {
  let handle: Handler
  let stack: unknown[]
  let received: [string, unknown][]
  let warnings: string[]
  let failure: Error | undefined

  beforeEach(() => {
    received = []
    warnings = []
    failure = undefined
    const server = {
      stack: ['the route of the adapter'],
      register(path: string, methods: string[], handler: Handler) {
        handle = handler
        const layer = `${methods} ${path}`
        server.stack.push(layer)
        return layer
      },
    }
    stack = server.stack
    const ctx = { inject: (_: string[], callback: (ctx: object) => void) => callback({ server }) }
    const app = (secret: string) => ({
      secret,
      async received({ data }: { data: unknown }) {
        if (failure) throw failure
        received.push([secret, data])
        return null
      },
    })
    const apps = [app('one'), app('two')]
    const clock = new FakeClock(START)
    takeHttpCallbacks(ctx as never, { clock, apps: () => apps, warn: text => warnings.push(text) })
  })

  interface Post {
    at?: unknown
    sign?: string
    body?: unknown
  }

  async function post(secret: string, { at = START, sign, body = { msgId: 'm' } }: Post = {}) {
    const headers: Record<string, string> = {
      timestamp: String(at), sign: sign ?? createHmac('sha256', secret).update(`${at}\n${secret}`).digest('base64'),
    }
    let isPassedOn = false
    const request = { get: (name: string) => headers[name] ?? '', request: { body }, status: 404, body: undefined }
    await handle(request, async () => void (isPassedOn = true))
    return isPassedOn ? 'passed on' : request.status
  }

  it('comes before the route of the adapter', () => {
    assert.deepEqual(stack, ['POST /dingtalk', 'the route of the adapter'])
  })

  it('takes the messages of each app by its signature', async () => {
    assert.deepEqual([await post('one'), await post('two', { body: { msgId: 'n' } })], [200, 200])
    assert.deepEqual(received, [['one', { msgId: 'm' }], ['two', { msgId: 'n' }]])
  })

  for (const [name, options] of [
    ['signed by a foreign app', {}], ['without a signature', { sign: '' }], ['with half a signature', { sign: 'YWJj' }],
    ['without a time', { at: '' }], ['with a time that is no number', { at: 'now' }],
    ['an hour and more old', { at: START - HOUR_MS - 1, secret: 'one' }], ['from the future', { at: START + HOUR_MS + 1, secret: 'one' }],
  ] as const) {
    it(`leaves to the adapter what is ${name}`, async () => {
      const { secret = 'three', ...rest } = options as { secret?: string }
      assert.equal(await post(secret, rest), 'passed on')
      assert.deepEqual(received, [])
    })
  }

  it('takes what is an hour old at most', async () => {
    assert.deepEqual([await post('one', { at: START - HOUR_MS }), await post('one', { at: START + HOUR_MS })], [200, 200])
  })

  it('has DingTalk deliver again what could neither be read nor answered', async () => {
    failure = new Error('out of reach')
    assert.equal(await post('one'), 500)
    assert.match(warnings.join(), /not acknowledged.*out of reach/)
  })
})
