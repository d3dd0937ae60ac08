import assert from 'node:assert/strict'
import { settle } from 'common/testing'
import type { Session } from 'koishi'
import { AskError, ToolError } from '../../src'
import type { Reply, ToolOptions } from '../../src'
import { createApp } from '../support/app'
import type { AppOptions, TestApp } from '../support/app'
import { callsTools, fails, gate, resultsIn, says } from '../support/engine'

describe('ctx.assistant', () => {
  let test: TestApp
  const tool: ToolOptions = { name: 'time', description: 'Tells the time', run: () => 'noon' }
  const start = async (options: AppOptions = {}) => {
    await test?.close()
    test = await createApp(options)
  }
  beforeEach(async () => {
    test = undefined!
    await start()
  })
  afterEach(() => test.close())

  /** A session of Alice. */
  const session = async () => {
    let found: Session | undefined
    const dispose = test.app.middleware((session) => {
      found = session
      return ''
    }, true)
    await test.client('alice').receive('x')
    dispose()
    return found!
  }

  describe('refuses a tool', () => {
    const wrong: [string, Partial<ToolOptions>, RegExp][] = [
      ['without a usable name', { name: '' }, /cannot be the name/],
      ['with a name that providers refuse', { name: '查询' }, /cannot be the name/],
      ['with a long name', { name: 'x'.repeat(65) }, /cannot be the name/],
      ['with parameters that are no object', { parameters: { type: 'string' } }, /type object/],
      ['with a reference that leads nowhere', { parameters: { type: 'object', properties: { a: { $ref: '#/$defs/b' } }, required: ['a'] } }, /reference/],
      ['with very deep parameters', { parameters: JSON.parse('{"type":"object","not":'.repeat(40) + '{}' + '}'.repeat(40)) }, /nested deeper/],
      ['with very long parameters', { parameters: { type: 'object', description: 'x'.repeat(60_000) } }, /longer than/],
      ['with parameters that are not JSON', { parameters: (() => {
        const schema: Record<string, unknown> = { type: 'object' }
        schema.self = schema
        return schema
      })() }, /not JSON/],
      ['without time to run', { timeout: 0 }, /time limit/],
    ]
    for (const [what, options, message] of wrong) {
      it(what, () => {
        assert.throws(() => test.app.assistant.tool({ ...tool, ...options }), (error) => {
          assert.ok(error instanceof ToolError)
          assert.equal(error.code, 'gemini-chat/tool-invalid')
          assert.match(error.message, message)
          return true
        })
      })
    }

    it('whose name is taken, until that one is gone', () => {
      const remove = test.app.assistant.tool(tool)
      assert.throws(() => test.app.assistant.tool(tool), /there is a tool time already/)
      remove()
      test.app.assistant.tool(tool)
    })
  })

  it('adds to the system prompt', async () => {
    const remove = test.app.assistant.prompt('Be kind.')
    test.app.assistant.prompt(({ userId }) => userId === 'bob' ? 'Be short.' : undefined)
    test.app.assistant.prompt(() => { throw new Error('oops') })
    await test.client('alice').receive('hi')
    assert.equal(test.engine.requests[0].system, 'Be kind.')
    await test.client('bob').receive('hi')
    assert.equal(test.engine.requests[1].system, 'Be kind.\n\nBe short.')
    remove()
    await test.client('alice').receive('hi')
    assert.equal(test.engine.requests[2].system, undefined)
    assert.match(test.warnings.join(), /could not make its addition/)
  })

  describe('asks', () => {
    it('outside a conversation, without tools where there is no person', async () => {
      test.app.assistant.tool(tool)
      const reply = await test.app.assistant.ask('hello', { system: 'Short.' })
      assert.equal(reply.text, 'echo: hello')
      const [{ system, toolDeclarations, contents }] = test.engine.requests
      assert.deepEqual([system, toolDeclarations, contents.length], ['Short.', undefined, 1])
      assert.deepEqual(test.bot.sent, [])
    })

    it('with the tools of a person', async () => {
      const users: unknown[] = []
      test.app.assistant.tool({ ...tool, run: (_, { session }) => void users.push(session.userId) })
      test.app.assistant.tool({ ...tool, name: 'admin', authority: 4 })
      test.engine.respond(callsTools(['time'], ['admin']), says('noon'))
      const reply = await test.app.assistant.ask('when?', { session: await session() })
      assert.equal(reply.text, 'noon')
      assert.deepEqual(users, ['alice'])
      assert.match(resultsIn(test.engine.requests[1])[1], /no such tool/)
      assert.equal((await test.app.assistant.ask('x', { session: await session(), tools: false })).text, 'noon')
      assert.equal(test.engine.requests[2].toolDeclarations, undefined)
    })

    it('in a conversation, after what waits there, and shows nothing', async () => {
      const hold = gate()
      test.engine.respond([hold, ...says('first')], says('second'), says('third'))
      const first = test.client('alice').receive('one')
      await settle()
      const asking = test.app.assistant.ask('two', { session: await session(), conversation: true })
      await settle()
      assert.equal(test.engine.requests.length, 1)
      hold.open()
      await first
      assert.equal((await asking).text, 'second')
      await test.client('alice').receive('three')
      assert.deepEqual(test.engine.requests[2].contents.map(({ parts }) => parts[0].text), ['one', 'first', 'two', 'second', 'three'])
      assert.deepEqual(test.bot.read('private:alice'), ['first', 'third'])
    })

    it('and hands back what interrupted the answer', async () => {
      for (const options of [{}, { conversation: true }]) {
        test.engine.respond(fails('server'))
        const reply: Reply = await test.app.assistant.ask('hello', { session: await session(), ...options })
        assert.equal(reply.text, '')
        assert.equal((reply.error as { code: string }).code, 'gemini-chat/server-error')
      }
    })

    it('within the limits of the person', async () => {
      await start({ config: { userRate: 1 } })
      const alice = await session()
      for (const conversation of [false, true]) {
        await test.app.assistant.ask('one', { session: alice, conversation }).catch(() => {})
        await assert.rejects(test.app.assistant.ask('two', { session: alice, conversation }), AskError)
      }
    })

    it('nothing where there is nothing to ask', async () => {
      await assert.rejects(test.app.assistant.ask(' '), /the question is empty/)
    })

    it('until it is aborted', async () => {
      test.engine.respond([gate()])
      const controller = new AbortController()
      const asking = test.app.assistant.ask('hello', { signal: controller.signal })
      await settle()
      controller.abort()
      assert.equal(((await asking).error as { kind: string }).kind, 'aborted')
    })
  })

  it('is gone when the plugin is unloaded', () => {
    assert.ok(test.app.get('assistant'))
    test.unload()
    assert.equal(test.app.get('assistant'), undefined)
    test.load()
    assert.ok(test.app.get('assistant'))
  })
})
