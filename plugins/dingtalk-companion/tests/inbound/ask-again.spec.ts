import assert from 'node:assert/strict'
import { rowKey } from 'common/database'
import { Rig, tick } from '../support/rig'

describe('messages that a killed process left unanswered', () => {
  let rig: Rig

  afterEach(() => rig.close())

  const rows = () => rig.app.database.get('dingtalk_unanswered', {})

  async function start() {
    rig = await (await Rig.start({ database: true })).online()
  }

  /** Ends the process, and starts the next one. */
  async function restart() {
    await rig.settled(rig.app.parallel('exit', 'SIGTERM'))
    await rig.stop()
    rig = await (await Rig.start({ after: rig })).online()
  }

  it('are told of at the next start, once in each chat', async () => {
    await start()
    await rig.turn('cidGroup')
    await rig.turn('cidGroup')
    await rig.turn()
    while ((await rows()).length < 3) await tick()
    await restart()
    await rig.until(() => rig.texts.length === 2, 100)
    assert.deepEqual([...rig.texts].sort(), ['1 条没有回答', '2 条没有回答'])
    assert.deepEqual(await rows(), [])
    rig.app.emit('bot-status-updated', rig.bot as never)
    for (let index = 0; index < 50; index++) await tick()
    assert.equal(rig.texts.length, 2)
  })

  it('are told of with the next connection where DingTalk could not be reached', async () => {
    await start()
    await rig.turn('cidGroup')
    while (!(await rows()).length) await tick()
    rig.platform.meter.missing.add('qyapi_robot_sendmsg')
    await restart()
    await rig.until(() => rig.warnings.some(text => text.includes('could not be told')), 100)
    assert.deepEqual(rig.texts, [])
    rig.platform.meter.missing.delete('qyapi_robot_sendmsg')
    rig.app.emit('bot-status-updated', rig.bot as never)
    await rig.until(() => rig.texts.length > 0, 100)
    assert.deepEqual(rig.texts, ['1 条没有回答'])
    assert.deepEqual(await rows(), [])
  })

  it('are told of in some minutes where the connection stays', async () => {
    await start()
    await rig.turn('cidGroup')
    while (!(await rows()).length) await tick()
    rig.platform.meter.missing.add('qyapi_robot_sendmsg')
    await restart()
    await rig.until(() => rig.warnings.some(text => text.includes('trying again in some minutes')), 100)
    await rig.recovered()
    rig.platform.meter.missing.delete('qyapi_robot_sendmsg')
    for (let minute = 0; minute < 5; minute++) {
      await rig.clock.advance(60_000)
      await rig.recovered()
    }
    assert.deepEqual(rig.texts, ['1 条没有回答'])
    assert.deepEqual(await rows(), [])
  })

  it('are told of no more a quarter of an hour later', async () => {
    await start()
    await rig.turn()
    while (!(await rows()).length) await tick()
    await rig.app.database.set('dingtalk_unanswered', {}, { at: new Date(rig.clock.now() - 16 * 60_000) })
    await restart()
    while ((await rows()).length) await tick()
    for (let index = 0; index < 50; index++) await tick()
    assert.deepEqual(rig.texts, [])
  })

  it('are not those of which the chat has heard something', async () => {
    await start()
    const { session, endChain } = await rig.turn()
    while (!(await rows()).length) await tick()
    await rig.settled(session.send('请稍等'))
    await rig.until(() => rig.texts.length === 1, 100)
    while ((await rows()).length) await tick()
    await endChain()
  })

  it('are not those whose card is there', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => rig.platform.cards.length > 0, 100)
    while ((await rows()).length) await tick()
    await answer.finish('说完了')
  })

  it('are not those that a plugin has dealt with in silence', async () => {
    await start()
    const { endChain } = await rig.turn()
    while (!(await rows()).length) await tick()
    await endChain()
    while ((await rows()).length) await tick()
  })

  it('are not those that this process still answers', async () => {
    await start()
    const { session, endChain } = await rig.turn()
    while (!(await rows()).length) await tick()
    rig.app.emit('bot-status-updated', rig.bot as never)
    for (let index = 0; index < 50; index++) await tick()
    assert.deepEqual((await rows()).map(({ id }) => id), [rowKey('dingkey', session.messageId!)])
    assert.deepEqual(rig.texts, [])
    await endChain()
  })

  it('are not those whose row could not be removed in time', async () => {
    await start()
    const { endChain } = await rig.turn()
    while (!(await rows()).length) await tick()
    const { database } = rig.app
    const remove = database.remove.bind(database)
    database.remove = (async (table: never, ...rest: [never]) => {
      if (table === 'dingtalk_unanswered') throw new Error('disk I/O error')
      return remove(table, ...rest)
    }) as never
    await endChain()
    for (let index = 0; index < 20; index++) await tick()
    database.remove = remove as never
    assert.equal((await rows()).length, 1)
    await rig.clock.advance(120_000)
    rig.app.emit('bot-status-updated', rig.bot as never)
    while ((await rows()).length) await tick()
    for (let index = 0; index < 20; index++) await tick()
    assert.deepEqual(rig.texts, [])
  })
})

describe('answers that are lost on their way', () => {
  let rig: Rig

  afterEach(() => rig.close())

  const rows = () => rig.app.database.get('dingtalk_unanswered', {})

  async function start(database = true) {
    rig = await (await Rig.start({ database })).online()
  }

  /** Answers a message while DingTalk breaks off every request to send. */
  async function lose(before?: string) {
    const { session, endChain } = await rig.turn()
    if (before) {
      await rig.settled(session.send(before))
      await rig.until(() => rig.texts.length === 1, 100)
      await rig.settled(session.send('接着说'))
    } else {
      await rig.settled(session.send('回答'))
    }
    for (const api of ['batchSend', 'createAndDeliver', 'streaming'] as const) rig.platform.fail(api, 'reset', 1000)
    await rig.settled(endChain())
  }

  async function told(count: number) {
    rig.platform.recover()
    await rig.clock.advance(60_000)
    await rig.until(() => rig.texts.length === count)
    assert.equal(rig.texts.at(-1), '1 条没有回答')
    await rig.clock.advance(300_000)
    for (let index = 0; index < 50; index++) await tick()
    assert.equal(rig.texts.length, count)
  }

  it('are told of in a minute, once', async () => {
    await start()
    await lose()
    while ((await rows()).length !== 1) await tick()
    await told(1)
    assert.deepEqual(await rows(), [])
  })

  it('are told of with the next connection', async () => {
    await start()
    await lose()
    while ((await rows()).length !== 1) await tick()
    rig.platform.recover()
    rig.app.emit('bot-status-updated', rig.bot as never)
    await rig.until(() => rig.texts.length === 1)
    assert.deepEqual(rig.texts, ['1 条没有回答'])
  })

  it('are told of where a part of them has arrived', async () => {
    await start()
    await lose('先说一句')
    await told(2)
  })

  it('are told of without a database', async () => {
    await start(false)
    await lose()
    await told(1)
  })

  it('are told of while the database fails', async () => {
    await start()
    const { database } = rig.app
    for (const method of ['upsert', 'get', 'remove'] as const) {
      const run = database[method].bind(database) as (table: never, ...rest: never[]) => Promise<never>
      database[method] = (async (table: never, ...rest: never[]) => {
        if (table === 'dingtalk_unanswered') throw new Error('disk I/O error')
        return run(table, ...rest)
      }) as never
    }
    await lose()
    await told(1)
  })

  it('are told of once where their row is still there when the database is back', async () => {
    await start()
    const { database } = rig.app
    const methods = { upsert: database.upsert, get: database.get, remove: database.remove }
    const { session, endChain } = await rig.turn()
    while ((await rows()).length !== 1) await tick()
    for (const method of Object.keys(methods) as (keyof typeof methods)[]) {
      database[method] = (async () => {
        throw new Error('disk I/O error')
      }) as never
    }
    await rig.settled(session.send('回答'))
    for (const api of ['batchSend', 'createAndDeliver', 'streaming'] as const) rig.platform.fail(api, 'reset', 1000)
    await rig.settled(endChain())
    await told(1)
    Object.assign(database, methods)
    await rig.clock.advance(120_000)
    rig.app.emit('bot-status-updated', rig.bot as never)
    while ((await rows()).length) await tick()
    await rig.recovered()
    assert.equal(rig.texts.length, 1)
  })

  it('are told of three times at most while the request to ask again breaks off, too', async () => {
    await start()
    await lose()
    const sent = () => rig.calls.filter(api => api === 'batchSend').length
    const before = sent()
    for (let minute = 0; minute < 10; minute++) {
      await rig.clock.advance(60_000)
      await rig.recovered()
    }
    assert.equal(rig.warnings.filter(text => text.endsWith('giving up')).length, 1)
    assert.equal(sent() - before, 3)
    assert.deepEqual(await rows(), [])
    assert.deepEqual(rig.texts, [])
  })
})
