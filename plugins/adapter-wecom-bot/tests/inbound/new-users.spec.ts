import assert from 'node:assert/strict'
import Sqlite from '@koishijs/plugin-database-sqlite'
import type { Session } from 'koishi'
import { NewUsers } from '../../src/inbound/new-users'
import { createWorld } from '../support/world'

describe('NewUsers', () => {
  it('loses no first message, however many arrive at once', async () => {
    const world = await createWorld(app => app.plugin(Sqlite as never, { path: ':memory:' } as never))
    try {
      const { database } = world.app
      // SQLite answers synchronously; delay it like other databases.
      const get = database.get.bind(database) as (...args: unknown[]) => Promise<unknown>
      database.get = (async (...args: unknown[]) => {
        const rows = await get(...args)
        await new Promise(resolve => setTimeout(resolve, 10))
        return rows
      }) as never
      world.app.middleware(session => `you said ${session.stripped.content}`)
      world.add({ firstReply: 4000, maxUserTurns: 100 })
      const client = world.client()
      for (const where of [{}, { chatId: 'GROUP' }]) {
        const said = Array.from({ length: 8 }, (_, index) => `no. ${index} ${JSON.stringify(where)}`)
        const replies = await Promise.all(said.map((text, index) => {
          // Two of the messages in the group are from another person.
          return client.post(client.text(text, { ...where, userId: index < 6 ? 'NEW' : 'NEWER' }))
        }))
        assert.deepEqual(replies.map(({ reply }) => reply?.stream?.content), said.map(text => `you said ${text}`))
      }
      assert.equal((await database.get('binding', { platform: 'wecom-bot' })).length, 2)
      assert.equal((await database.get('channel', { platform: 'wecom-bot' })).length, 1)
      assert.deepEqual(world.log.lines.filter(line => /^(?:warn|error)/.test(line)), [])
    } finally {
      await world.close()
    }
  })

  interface Stage {
    session: Session
    asked: string[]
    settle: (error?: Error) => Promise<void>
  }

  function createStage(isDirect: boolean): Stage {
    const asked: string[] = []
    const waiting: ((error?: Error) => void)[] = []
    const observe = (name: string) => () => {
      asked.push(name)
      return new Promise<void>((resolve, reject) => waiting.push(error => error ? reject(error) : resolve()))
    }
    const session = { isDirect, uid: 'p:u', cid: 'p:c', observeUser: observe('user'), observeChannel: observe('channel') }
    return {
      session: session as unknown as Session,
      asked,
      settle: async (error) => {
        for (const callback of waiting.splice(0)) callback(error)
        await new Promise(setImmediate)
      },
    }
  }

  it('stores a person and a group once', async () => {
    for (const [isDirect, names] of [[true, ['user']], [false, ['user', 'channel']]] as const) {
      const newcomers = new NewUsers()
      const { session, asked, settle } = createStage(isDirect)
      const meetings = [newcomers.ensureStored(session), newcomers.ensureStored(session)]
      assert.deepEqual(asked, names)
      await settle()
      await Promise.all(meetings)
      assert.equal(newcomers.ensureStored(session), undefined)
      assert.deepEqual(asked, names)
    }
  })

  it('does not block messages while the database fails, and retries with the next one', async () => {
    const newcomers = new NewUsers()
    const { session, asked, settle } = createStage(true)
    const meetings = [newcomers.ensureStored(session), newcomers.ensureStored(session)]
    await settle(new Error('database is down'))
    await Promise.all(meetings)
    const again = newcomers.ensureStored(session)
    assert.deepEqual(asked, ['user', 'user'])
    await settle()
    await again
    assert.equal(newcomers.ensureStored(session), undefined)
  })
})
