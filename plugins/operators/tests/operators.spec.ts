import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { Context } from 'koishi'
import FakeTimers from '@sinonjs/fake-timers'
import { settle } from 'common/testing'
import * as operators from '../src'
import { parseAccount } from '../src/accounts'

describe('the operators of a bot', () => {
  let app: Context

  beforeEach(async () => {
    app = new Context()
    app.plugin(memory)
    await app.start()
    app.model.extend('operator', { account: 'string', formerAuthority: 'unsigned' }, { primary: 'account' })
  })
  afterEach(() => app.stop())

  async function list(accounts: string[], authority = 5) {
    const fork = app.plugin(operators, { accounts, authority })
    // The database is in memory, and needs no more than turns of the event loop.
    for (let turns = 0; turns < 100; turns++) await settle()
    return fork
  }

  const authorityOf = async (platform: string, pid: string) => {
    return (await app.database.getUser(platform, pid, ['authority']))?.authority
  }

  it('get their authority, whether they have written to the bot or not', async () => {
    await app.database.createUser('wecom-bot', 'ZhangSan', { authority: 1 })
    await list(['wecom-bot:ZhangSan', 'dingtalk:$:LWCP_v1:$abc='], 4)
    assert.equal(await authorityOf('wecom-bot', 'ZhangSan'), 4)
    assert.equal(await authorityOf('dingtalk', '$:LWCP_v1:$abc='), 4)
    assert.equal((await app.database.get('user', {})).length, 2)
  })

  it('get their former authority back when they leave the list', async () => {
    await app.database.createUser('wecom-bot', 'ZhangSan', { authority: 2 })
    const first = await list(['wecom-bot:ZhangSan', 'wecom-bot:LiSi'])
    first.dispose()
    await list(['wecom-bot:LiSi'])
    assert.equal(await authorityOf('wecom-bot', 'ZhangSan'), 2)
    assert.equal(await authorityOf('wecom-bot', 'LiSi'), 5)
    assert.deepEqual((await app.database.get('operator', {})).map(row => row.account), ['wecom-bot:LiSi'])
  })

  it('are not lowered below what they have become, nor remembered as raised twice', async () => {
    await app.database.createUser('wecom-bot', 'ZhangSan', { authority: 3 })
    for (const _ of [1, 2, 3]) (await list(['wecom-bot:ZhangSan'])).dispose()
    await app.database.setUser('wecom-bot', 'ZhangSan', { authority: 0 })
    await list([])
    assert.equal(await authorityOf('wecom-bot', 'ZhangSan'), 0)
  })

  it('leave other people as they are', async () => {
    await app.database.createUser('wecom-bot', 'zhangsan', { authority: 1 })
    await list(['wecom-bot:ZhangSan'])
    assert.equal(await authorityOf('wecom-bot', 'zhangsan'), 1)
  })

  it('are set once the database works again', async () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { get } = app.database
      let failing = true
      Object.defineProperty(app.database, 'get', {
        configurable: true,
        value: (...args: Parameters<typeof get>) => failing ? Promise.reject(new Error('locked')) : get.apply(app.database, args),
      })
      app.plugin(operators, { accounts: ['wecom-bot:ZhangSan'], authority: 5 })
      await clock.tickAsync(59_000)
      failing = false
      assert.equal(await authorityOf('wecom-bot', 'ZhangSan'), undefined)
      await clock.tickAsync(2000)
      assert.equal(await authorityOf('wecom-bot', 'ZhangSan'), 5)
    } finally {
      clock.uninstall()
    }
  })

  it('are written as platform:user id', () => {
    assert.deepEqual(parseAccount(' dingtalk:a:b '), { platform: 'dingtalk', pid: 'a:b' })
    for (const text of ['', 'ZhangSan', ':x', 'wecom-bot:', 'a b:c', 'wecom-bot:a b']) assert.equal(parseAccount(text), undefined)
  })
})
