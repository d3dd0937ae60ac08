import memory from '@koishijs/plugin-database-memory'
import assert from 'node:assert/strict'
import { createGemini } from 'testkit'
import type { Gemini } from 'testkit'
import { createApp } from '../support/app'
import type { TestApp } from '../support/app'

const key = 'AIzaSyTestTestTestTestTestTestTest9876'

describe('gemini.doctor', () => {
  let gemini: Gemini
  let test: TestApp

  beforeEach(async () => {
    gemini = await createGemini()
  })

  afterEach(async () => {
    test.unload()
    await test.close()
    await gemini.close()
  })

  async function start(hasDatabase: boolean) {
    test = await createApp({
      real: true,
      config: { apiKeys: [key], baseUrl: gemini.url },
      prepare: app => hasDatabase && void app.plugin(memory),
    })
  }

  it('reports every check, including database and bots', async () => {
    await start(true)
    await test.app.mock.initUser('alice', 3)
    const [reply] = await test.client('alice').receive('gemini.doctor')
    const lines = reply.split('\n')
    assert.deepEqual(lines.map(line => line.replace(/[：，。].*/, '')), [
      '✓ 线路', '✓ 连接', '✓ 密钥 1 …9876（额度组 #1）', '✓ 模型 gemini-3.8-flash', '✓ 试问一次', '✓ 数据库',
      '✓ 机器人 mock:514', '一切正常',
    ])
    assert.ok(!reply.includes(key))
  })

  it('gives advice', async () => {
    await start(false)
    gemini.respondTo('models', { status: 401, body: { error: { code: 401, message: `<b>no</b> ${key}` } } })
    const [reply] = await test.client('alice').receive('gemini.doctor')
    assert.match(reply, /✗ 密钥 1 …9876.*不可用，<b>no<\/b> \*\*\*\n {2}→ 在 Google AI Studio 新建一个密钥/)
    assert.ok(test.bot.sent[0].states[0].every(({ type }) => type === 'text'))
    assert.match(reply, /· 数据库：没有/)
    assert.match(reply, /有 1 处问题。$/)
  })

  it('requires authority 3', async () => {
    await start(true)
    await test.app.mock.initUser('bob', 1)
    await test.client('bob').receive('gemini.doctor')
    assert.equal(gemini.requests.length, 0)
  })
})
