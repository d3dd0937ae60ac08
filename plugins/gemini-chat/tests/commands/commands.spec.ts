import assert from 'node:assert/strict'
import * as echo from '@koishijs/plugin-echo'
import * as help from '@koishijs/plugin-help'
import type { Context } from 'koishi'
import { createApp } from '../support/app'
import type { TestApp } from '../support/app'
import { settle } from 'common/testing'
import { gate, piece, questionOf, says } from '../support/engine'

describe('the commands', () => {
  let test: TestApp

  beforeEach(async () => {
    test = await createApp({
      prepare(app) {
        app.plugin(help)
        app.plugin(echo)
      },
    })
  })

  afterEach(() => test.close())

  const questions = () => test.engine.requests.map(questionOf)

  /** Starts an answer that does not end by itself. */
  async function begin(...text: string[]) {
    test.engine.respond([...text.flatMap(piece), gate(), ...says('never')], says('next'))
    const done = test.client('alice').receive('one')
    await settle()
    return done
  }

  describe('gemini', () => {
    it('asks, also in a group without a mention', async () => {
      await test.client('alice', 'group').shouldReply('gemini hello there', 'echo: hello there')
      await test.client('alice').shouldReply('提问 hello', 'echo: hello')
    })

    it('keeps the question as written', async () => {
      await test.client('alice').receive('gemini a &lt;b&gt; "c"  -d --e\nf')
      assert.deepEqual(questions(), ['a <b> "c"  -d --e\nf'])
    })

    it('cites the quoted message once', async () => {
      await test.client('alice').receive('<quote id="1">the sky is green</quote>gemini why?')
      assert.deepEqual(questions(), ['Quoted message:\n> the sky is green\n\nwhy?'])
    })

    it('asks for a question if there is none', async () => {
      await test.client('alice').shouldReply('gemini', /请把想问的写成文字/)
    })

    it('continues the same conversation', async () => {
      await test.client('alice').receive('one')
      await test.client('alice').receive('gemini two')
      assert.equal(test.engine.requests[1].contents.length, 3)
    })
  })

  describe('gemini.stop', () => {
    it('ends the request and keeps the text', async () => {
      const running = begin('half')
      await settle()
      assert.equal(test.engine.running, 1)
      await test.client('alice').receive('gemini.stop', 1)
      await running
      assert.equal(test.engine.running, 0)
      assert.deepEqual(test.bot.read('private:alice').sort(), ['half\n\n已停止。', '已停止。'])
      assert.deepEqual(test.warnings, [])
      await test.client('alice').receive('two')
      assert.deepEqual(test.engine.requests[1].contents[1].parts, [{ text: 'half' }, { text: '[interrupted]' }])
    })

    it('stores nothing if nothing was written yet', async () => {
      const running = begin()
      await settle()
      await test.client('alice').receive('停止', 1)
      await running
      assert.deepEqual(test.bot.read('private:alice'), ['已停止。', '已停止。'])
      await test.client('alice').receive('two')
      assert.equal(test.engine.requests[1].contents.length, 1)
    })

    it('stops waiting questions as well', async () => {
      begin('half')
      await settle()
      const waiting = test.client('alice').receive('two')
      await settle()
      await test.client('alice').receive('gemini.stop', 1)
      await waiting
      assert.equal(test.engine.requests.length, 1)
      assert.equal(test.bot.read('private:alice').filter(text => text === '已停止。').length, 2)
    })

    it('leaves other conversations alone', async () => {
      const running = begin('half')
      await settle()
      await test.client('bob').shouldReply('gemini.stop', '现在没有正在生成的回答。')
      assert.equal(test.engine.running, 1)
      await test.client('alice').receive('gemini.stop', 1)
      await running
    })
  })

  it('can be written with a space instead of a dot', async () => {
    await test.client('alice').shouldReply('gemini stop', '现在没有正在生成的回答。')
    await test.client('alice').shouldReply('gemini reset ', /已经清空/)
    await test.client('alice').shouldReply('gemini stop it', 'echo: stop it')
  })

  describe('gemini.reset', () => {
    it('deletes one conversation', async () => {
      await test.client('alice').receive('one')
      await test.client('bob').receive('one')
      await test.client('alice').shouldReply('gemini.reset', /已经清空/)
      await test.client('alice').receive('two')
      await test.client('bob').receive('two')
      assert.deepEqual(test.engine.requests.map(request => request.contents.length), [1, 1, 1, 3])
    })

    it('stops the answer that is being written and deletes it too', async () => {
      const running = begin('half')
      await settle()
      await test.client('alice').receive('新对话', 1)
      await running
      await test.client('alice').receive('two')
      assert.equal(test.engine.requests[1].contents.length, 1)
    })
  })

  it('define no Koishi aliases', async () => {
    await test.client('alice').shouldReply('echo hello', 'hello')
    await test.client('alice').shouldReply('help', /gemini {2}向 AI 助手提问/)
    await test.client('alice').shouldReply('help gemini', /gemini stop {2}停止正在生成的回答/)
  })
})

describe('the commands in English', () => {
  it('are explained and answer in English', async () => {
    const test = await createApp({
      locales: ['en-US'],
      prepare: (app: Context) => void app.plugin(help),
    })
    try {
      await test.client('alice').shouldReply('help gemini', /Stop the answer that is being written/)
      await test.client('alice').shouldReply('gemini.stop', 'No answer is being written right now.')
      await test.client('alice').shouldReply('gemini.reset', /Let us start again/)
    } finally {
      await test.close()
    }
  })
})
