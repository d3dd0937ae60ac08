import assert from 'node:assert/strict'
import { format } from 'node:util'
import memory from '@koishijs/plugin-database-memory'
import { Context } from 'koishi'
import { DatabaseAccess } from 'common/database'
import { FakeClock } from 'common/testing'

describe('DatabaseAccess', () => {
  const database = {} as Context['database']
  let loaded: Context['database'] | undefined
  let clock: FakeClock
  let lines: string[]

  beforeEach(() => {
    loaded = database
    clock = new FakeClock()
    lines = []
  })

  function create(isRequired = false, prepare?: () => Promise<unknown>) {
    const log = (level: string) => (...args: unknown[]) => void lines.push(`${level} ${format(...args)}`)
    const ctx = { get: () => loaded } as unknown as Context
    const logger = { warn: log('warn'), info: log('info') } as never
    return new DatabaseAccess(ctx, { clock, logger, subject: 'cards', isRequired, prepare })
  }

  const fail = async () => {
    throw new Error('the table at mysql://user:secret@host is gone')
  }

  it('hands the database to a task, and returns its result', async () => {
    const access = create()
    assert.equal(await access.try(async it => it === database), true)
    assert.equal(await access.run(async it => it === database), true)
    assert.equal(access.isLoaded, true)
    assert.deepEqual(lines, [])
  })

  it('throws only where the caller asks for it, and leaves it to the caller to report', async () => {
    const access = create()
    await assert.rejects(access.run(fail), /gone/)
    await assert.rejects(access.run(() => {
      throw new Error('at once')
    }), /at once/)
    assert.deepEqual(lines, [])
    assert.equal(await access.try(fail), undefined)
    assert.equal(await access.guard(() => access.run(fail)), undefined)
    assert.equal(await access.guard(async () => 'there'), 'there')
  })

  it('says that the database was unloaded while a task used it', async () => {
    const app = new Context()
    app.plugin(memory)
    app.model.extend('spec_row' as never, { id: 'unsigned' } as never)
    await app.start()
    const log = (...args: unknown[]) => void lines.push(format(...args))
    const access = new DatabaseAccess(app, { clock, logger: { warn: log, info: log }, subject: 'cards' })
    const unload = async (database: Context['database']) => {
      await database.get('spec_row' as never, {})
      app.registry.delete(memory)
      await database.get('spec_row' as never, {})
    }
    try {
      await access.try(unload)
      assert.deepEqual(lines, ['could not access cards in the database: the database was unloaded meanwhile'])
      await assert.rejects(access.run(unload), /no database is loaded/)
    } finally {
      await app.stop()
    }
  })

  it('logs no values, which may be what people wrote', async () => {
    for (const [message, line] of [
      ['Incorrect string value: \'\\xF0\\x9F it\\\'s secret\' for column \'contents\' at row 1', "Incorrect string value: '…' for column '…' at row 1"],
      ['Duplicate entry "my secret" for key', 'Duplicate entry "…" for key'],
      ['syntax error near \'INSERT of a secret that does not end', "syntax error near '…'"],
      ['disk full', 'disk full'],
    ]) {
      const access = create()
      lines = []
      await access.try(async () => {
        throw new Error(message)
      })
      assert.deepEqual(lines, [`warn could not access cards in the database: ${line}`])
    }
  })

  it('prepares a database once before its first task, and again after a failure', async () => {
    const events: string[] = []
    let failing = true
    const access = create(false, async () => {
      events.push('prepare')
      if (failing) throw new Error('locked')
    })
    const task = async () => void events.push('task')
    await assert.rejects(access.run(task), /locked/)
    failing = false
    await Promise.all([access.run(task), access.run(task)])
    assert.deepEqual(events, ['prepare', 'prepare', 'task', 'task'])
  })

  it('logs a failure at most once a minute, without addresses', async () => {
    const access = create()
    await access.try(fail)
    await access.guard(() => access.run(fail))
    await clock.advance(59_999)
    await access.try(fail)
    assert.deepEqual(lines, ['warn could not access cards in the database: the table at <url> is gone'])
    await clock.advance(1)
    await access.try(fail)
    assert.equal(lines.length, 2)
  })

  it('says in the log what a failure means', async () => {
    const ctx = { get: () => database } as unknown as Context
    const logger = { warn: (...args: unknown[]) => lines.push(format(...args)) } as never
    await new DatabaseAccess(ctx, { clock, logger, subject: 'cards', consequence: 'a restart loses them' }).try(fail)
    assert.match(lines[0], /is gone; a restart loses them$/)
  })

  it('logs recovery once', async () => {
    const access = create()
    await access.try(fail)
    for (let count = 0; count < 3; count++) await access.try(async () => {})
    assert.deepEqual(lines.slice(1), ['info access to cards in the database works again'])
  })

  it('logs at most one failure and one recovery a minute where both alternate', async () => {
    const access = create()
    for (let count = 0; count < 100; count++) {
      await access.try(fail)
      await access.try(async () => {})
    }
    assert.equal(lines.length, 2)
  })

  it('takes a missing database for the usual state', async () => {
    loaded = undefined
    const access = create()
    assert.equal(access.isLoaded, false)
    assert.equal(await access.try(async () => 'never'), undefined)
    assert.deepEqual(lines, [])
    await assert.rejects(access.run(async () => 'never'), /no database is loaded/)
  })

  it('takes a missing database for a failure where it is required', async () => {
    loaded = undefined
    const access = create(true)
    assert.equal(await access.try(async () => 'never'), undefined)
    assert.deepEqual(lines, ['warn could not access cards in the database: no database is loaded'])
    loaded = database
    assert.equal(await access.try(async () => 'there'), 'there')
    assert.equal(lines.length, 2)
  })
})
