import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite from '@minatojs/driver-sqlite'
import { isRowKey } from 'common/database'
import { settle } from 'common/testing'
import { Context } from 'koishi'
import DatabaseIgnoringCase from 'testkit/src/database/ignoring-case'
import { conversationKeyOf } from '../../src/conversation/scope'
import { createApp } from '../support/app'
import type { TestApp } from '../support/app'
import { questionOf } from '../support/engine'

const address = (userId: string, isDirect = true) => ({
  platform: 'mock', selfId: '514', userId, channelId: isDirect ? `private:${userId}` : 'group', isDirect,
})

describe('rows of earlier versions', () => {
  let folder: string
  let test: TestApp

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gemini-chat-'))
    const path = join(folder, 'koishi.db')
    const former = new Context()
    former.plugin(sqlite as never, { path })
    former.model.extend('gemini_turn', {
      id: 'unsigned', scope: 'string(255)', contents: 'json', tokens: 'unsigned', interrupted: 'boolean', createdAt: 'timestamp',
    } as never, { autoInc: true, indexes: ['scope'] })
    former.model.extend('gemini_choice', { key: 'string(255)', choices: 'json' } as never, { primary: 'key' })
    await former.start()
    while (!former.get('database')) await settle()
    const write = (table: string, row: object) => former.database.create(table as never, row as never)
    for (let index = 0; index < 120; index++) {
      const scope = conversationKeyOf(address(index < 2 ? 'alice' : `user${index}`) as never)
      const contents = [{ role: 'user', parts: [{ text: `q${index}` }] }, { role: 'model', parts: [{ text: `a${index}` }] }]
      await write('gemini_turn', { scope, contents, tokens: 5, interrupted: false, createdAt: new Date() })
    }
    await write('gemini_choice', { key: conversationKeyOf(address('alice') as never), choices: { model: 'm-2', search: true } })
    await former.stop()
    test = await createApp({ prepare: app => void app.plugin(sqlite as never, { path }) })
    while (!test.app.get('database')) await settle()
  })

  afterEach(async () => {
    await test.close()
    await rm(folder, { recursive: true })
  })

  it('are found at once, and all carried over in the background', async () => {
    await test.client('alice').receive('q-new')
    assert.deepEqual(test.engine.requests[0].contents.map(({ parts }) => parts[0].text), ['q0', 'a0', 'q1', 'a1', 'q-new'])
    assert.deepEqual([test.engine.requests[0].model, test.engine.requests[0].tools], ['m-2', ['search']])
    const scopes = async () => (await test.app.database.get('gemini_turn', {}, ['scope'])).map(({ scope }) => scope)
    while (!(await scopes()).every(isRowKey)) await settle()
    assert.equal((await scopes()).length, 121)
    await test.client('user50').receive('more')
    assert.deepEqual(test.engine.requests[1].contents.map(({ parts }) => parts[0].text), ['q50', 'a50', 'more'])
    assert.deepEqual(test.warnings, [])
  })
})

describe('conversations of ids that look alike', () => {
  it('stay apart, with their choices, whatever the database takes for equal and however long they are', async () => {
    const test = await createApp({
      config: { fallbackModels: ['m2', 'm3'] }, prepare: app => void app.plugin(DatabaseIgnoringCase as never),
    })
    try {
      const ids = ['wrAbCdEf', 'wrabcdef', 'wrábcdef', 'ｗrabcdef', `${'长'.repeat(200)}a`, `${'长'.repeat(200)}b`]
      for (const id of ids) await test.client(id).receive(`secret of ${id}`)
      await test.client(ids[0]).receive('模型 m2')
      for (const [index, id] of ids.entries()) {
        await test.client(id).receive('go on')
        const request = test.engine.requests.at(-1)!
        assert.deepEqual(request.contents.map(({ parts }) => parts[0].text), [`secret of ${id}`, `echo: secret of ${id}`, 'go on'])
        assert.equal(request.model, index ? 'gemini-3.8-flash' : 'm2')
        assert.equal(questionOf(request), 'go on')
      }
      await test.client(ids[1]).receive('新对话')
      await test.client(ids[0]).receive('and on')
      assert.equal(test.engine.requests.at(-1)!.contents.length, 5)
    } finally {
      await test.close()
    }
  })

  it('keep choices that are made at the same time', async () => {
    const test = await createApp({
      config: { fallbackModels: ['m2'], presets: { poet: 'Rhyme.' } },
      prepare: app => void app.plugin(sqlite as never, { path: ':memory:' }),
    })
    try {
      while (!test.app.get('database')) await settle()
      await test.client('alice').receive('用量')
      await Promise.all(['模型 m2', '预设 poet', '联网搜索 开'].map(text => test.client('alice').receive(text)))
      await test.client('alice').receive('hi')
      const [{ model, system, tools }] = test.engine.requests
      assert.deepEqual([model, system, tools], ['m2', 'Rhyme.', ['search']])
    } finally {
      await test.close()
    }
  })
})

describe('statements of a question', () => {
  it('are few, and do not grow with the conversation', async () => {
    const test = await createApp({
      config: { historyTokens: 100_000 }, prepare: app => void app.plugin(sqlite as never, { path: ':memory:' }),
    })
    try {
      while (!test.app.get('database')) await settle()
      const driver = test.app.database.drivers[0] as unknown as Record<'_all' | '_run', (...args: unknown[]) => unknown>
      const statements: string[] = []
      for (const name of ['_all', '_run'] as const) {
        const method = driver[name]
        driver[name] = (...args) => {
          if (/gemini/.test(String(args[0]))) statements.push(String(args[0]).split(' ', 1)[0])
          return method.apply(driver, args)
        }
      }
      for (const [channel, mention] of [[undefined, ''], ['group', '<at id="514"/> ']] as const) {
        for (let turn = 0; turn < 3; turn++) await test.client('alice', channel).receive(`${mention}hi`)
        while (statements.length) {
          statements.length = 0
          await settle()
        }
        for (let turn = 0; turn < 2; turn++) {
          await test.client('alice', channel).receive(`${mention}hi`)
          for (let wait = 0; wait < 20; wait++) await settle()
          assert.ok(statements.length <= 5, statements.join())
          statements.length = 0
        }
      }
    } finally {
      await test.close()
    }
  })
})
