import assert from 'node:assert/strict'
import { h } from 'koishi'
import { createGemini } from 'testkit'
import { until } from './engine/support'
import { createApp, EditingBot, type TestApp } from './support/app'
import { settle } from './support/clock'
import { fails, gate, piece, says } from './support/engine'

describe('when the plugin is unloaded', () => {
  let test: TestApp

  beforeEach(async () => {
    test = await createApp({ bot: EditingBot, config: { requestRetries: 5 } })
  })

  afterEach(() => test.close())

  it('every request ends, and what was said stays', async () => {
    test.engine.respond([...piece('half'), gate(), ...says('never')])
    const done = Promise.all([test.client('alice').receive('one'), test.client('bob').receive('one')])
    await settle()
    assert.equal(test.engine.running, 2)
    test.unload()
    await done
    assert.equal(test.engine.running, 0)
    assert.equal(test.engine.disposed, true)
    assert.deepEqual(test.bot.read('private:alice'), ['half'])
    assert.deepEqual(test.warnings, [])
  })

  it('nobody waits for a retry any more', async () => {
    test.engine.respond(fails('server'))
    const done = test.client('alice').receive('one')
    await settle()
    const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = timers()
    test.unload()
    await done
    assert.ok(timers() < before || before === 0)
    assert.equal(test.engine.requests.length, 1)
    assert.deepEqual(test.bot.read('private:alice'), ['已停止。'])
  })

  it('nothing is left of it, and it can be loaded again', async () => {
    const count = () => ({
      middlewares: test.app.$processor._hooks.length,
      commands: test.app.$commander._commandList.map(command => command.name),
      texts: Object.keys(test.app.i18n._data['zh-CN']).filter(path => path.includes('gemini')),
      hooks: Object.values(test.app.lifecycle._hooks).flat().length,
    })
    const client = test.client('alice')
    test.unload()
    const before = count()
    assert.deepEqual(before.commands.filter(name => name.startsWith('gemini')), [])
    assert.deepEqual(before.texts, [])
    for (let round = 0; round < 3; round++) {
      const { fork, engine } = test.load()
      await settle()
      await client.receive(`hello ${round}`)
      assert.equal(test.bot.read('private:alice').at(-1), `echo: hello ${round}`)
      assert.equal(engine.requests.length, 1)
      fork.dispose()
      assert.deepEqual(count(), before)
    }
    test.app.middleware(session => [h.text(`${session.content}!`)])
    await client.shouldReply('hello', 'hello!')
  })

  it('a batch that is being collected ends', async () => {
    await test.close()
    test = await createApp({ config: { policy: 'merge', mergeWindow: 600_000 } })
    test.unload()
    const before = resources()
    const { engine, fork } = test.load()
    const done = test.client('alice').receive('one')
    await settle()
    assert.ok(resources().length > before.length)
    fork.dispose()
    await done
    assert.deepEqual(resources(), before)
    assert.equal(engine.requests.length, 0)
  })

  it('no socket and no timer is left, however often it comes and goes', async () => {
    const gemini = await createGemini()
    await test.close()
    test = await createApp({ real: true, config: { baseUrl: gemini.url } })
    try {
      const client = test.client('alice')
      await client.receive('hello')
      test.unload()
      await until(() => gemini.connections() === 0)
      const before = resources()
      for (let round = 0; round < 3; round++) {
        const { fork } = test.load()
        await settle()
        await client.receive('hello')
        assert.ok(gemini.connections() > 0)
        fork.dispose()
        await until(() => gemini.connections() === 0)
        assert.deepEqual(resources(), before)
      }
      assert.equal(gemini.requests.length, 4)
    } finally {
      await test.close()
      await gemini.close()
    }
  })
})

/** What would keep the process alive. */
function resources() {
  return process.getActiveResourcesInfo().filter(name => name !== 'Immediate' && name !== 'TickObject').sort()
}
