import memory from '@koishijs/plugin-database-memory'
import assert from 'node:assert/strict'
import { install } from '@sinonjs/fake-timers'
import { createApp, EditingBot, plain, RecordingBot } from '../support/app'
import type { TestApp } from '../support/app'
import { settle, until } from 'common/testing'
import { fails, gate, piece, questionOf, says } from '../support/engine'

describe('a message during an answer', () => {
  let test: TestApp

  const start = async (config: object, bot: typeof RecordingBot = EditingBot) => {
    test = await createApp({ bot, config })
  }

  const client = () => test.client('alice')
  const read = () => test.bot.read('private:alice')
  const contents = (number: number) => test.engine.requests.at(number)!.contents.map(({ parts }) => {
    return parts.map(part => part.text).join('')
  })

  /** Starts an answer that stays unfinished. */
  async function begin(...text: string[]) {
    const end = gate()
    test.engine.respond([...text.flatMap(piece), end, ...says(' end')], request => says(`${questionOf(request)}!`))
    const done = client().receive('one')
    await settle()
    return { done, end }
  }

  afterEach(() => test.close())

  describe('with policy queue', () => {
    it('shows its place in the queue until there is something else to show', async () => {
      await start({})
      const { done, end } = await begin('half')
      const second = client().receive('two')
      const third = client().receive('three')
      await settle()
      assert.deepEqual(read(), ['half', '（正在排队，前面还有 1 个问题……）', '（正在排队，前面还有 2 个问题……）'])
      end.open()
      await Promise.all([done, second, third])
      assert.deepEqual(read(), ['half end', 'two!', 'three!'])
    })

    it('shows a failure in place of the queue status', async () => {
      await start({})
      const { done, end } = await begin('half')
      test.engine.respond(fails('server'))
      const second = client().receive('two')
      await settle()
      end.open()
      await Promise.all([done, second])
      assert.match(read()[1], /服务器正忙/)
      assert.equal(read().length, 2)
    })

    it('shows that it was stopped in place of the queue status', async () => {
      await start({})
      const { done } = await begin('half')
      const second = client().receive('two')
      await settle()
      await client().receive('gemini.stop', 1)
      await Promise.all([done, second])
      assert.deepEqual(read().sort(), ['half\n\n已停止。', '已停止。', '已停止。'])
    })

    it('tells its place in a message of its own where messages cannot be edited', async () => {
      await start({}, RecordingBot)
      const { done, end } = await begin('half')
      const second = client().receive('two')
      await settle()
      assert.deepEqual(read(), ['（正在排队，前面还有 1 个问题……）'])
      end.open()
      await Promise.all([done, second])
      assert.deepEqual(read().slice(1), ['half end', 'two!'])
    })

    it('tells nothing where a message can be answered only once', async () => {
      test = await createApp({ bot: RecordingBot, platform: 'wechat-official' })
      const { done, end } = await begin('half')
      const second = client().receive('two')
      await settle()
      assert.deepEqual(read(), [])
      end.open()
      await Promise.all([done, second])
      assert.deepEqual(read(), ['half end', 'two!'])
    })
  })

  describe('with policy replace', () => {
    it('stops the answer and keeps its text in the history', async () => {
      await start({ policy: 'replace' })
      const { done } = await begin('half')
      await Promise.all([done, client().receive('two')])
      assert.deepEqual(read(), ['half\n\n（先回答新的问题。）', 'two!'])
      assert.deepEqual(contents(-1), ['one', 'half[interrupted]', 'two'])
      assert.equal(test.engine.running, 0)
      assert.deepEqual(test.warnings, [])
    })

    it('keeps the question in the history if nothing was written yet', async () => {
      await start({ policy: 'replace' })
      const { done } = await begin()
      await Promise.all([done, client().receive('two')])
      assert.deepEqual(read(), ['two!'])
      assert.deepEqual(contents(-1), ['one', 'two'])
    })

    it('leaves other conversations alone', async () => {
      await start({ policy: 'replace' })
      const { done, end } = await begin('half')
      await test.client('bob').receive('two')
      end.open()
      await done
      assert.deepEqual(read(), ['half end'])
    })
  })

  describe('with policy merge', () => {
    it('joins messages within the window', async () => {
      await start({ policy: 'merge', mergeWindow: 30 })
      await Promise.all([client().receive('a long'), client().receive('paste')])
      assert.deepEqual(read(), ['echo: a long\npaste'])
      assert.equal(test.engine.requests.length, 1)
      await client().receive('two')
      assert.deepEqual(contents(-1), ['a long\npaste', 'echo: a long\npaste', 'two'])
    })

    it('joins messages that wait', async () => {
      await start({ policy: 'merge', mergeWindow: 1 })
      const end = gate()
      test.engine.respond([end, ...says('first')], request => says(`${questionOf(request)}!`))
      const first = client().receive('one')
      await until(() => test.engine.requests.length === 1)
      const waiting = Promise.all([client().receive('two'), client().receive('three')])
      await settle()
      end.open()
      await Promise.all([first, waiting])
      assert.deepEqual(read().sort(), ['first', 'two\nthree!'])
    })

    it('does not join messages of people without authority', async () => {
      test = await createApp({
        bot: EditingBot, prepare: app => void app.plugin(memory as never),
        config: { policy: 'merge', mergeWindow: 100, scope: 'channel', authority: 2 },
      })
      await test.app.mock.initUser('alice', 2)
      await test.app.mock.initUser('bob', 1)
      const done = test.client('alice', 'group').receive('<at id="514"/> one')
      await new Promise(resolve => setTimeout(resolve, 20))
      await test.client('bob', 'group').receive('<at id="514"/> two')
      await done
      assert.deepEqual(test.bot.read('group').sort(), ['echo: [alice]\none', '你还没有和我对话的权限，请联系管理员。'])
    })

    it('does not join messages of other conversations', async () => {
      await start({ policy: 'merge', mergeWindow: 20 })
      await Promise.all([client().receive('one'), test.client('bob').receive('two')])
      assert.deepEqual([...read(), ...test.bot.read('private:bob')], ['echo: one', 'echo: two'])
    })

    it('ends at once when the plugin is unloaded', async () => {
      await start({ policy: 'merge', mergeWindow: 60_000 })
      const done = client().receive('one')
      await settle()
      test.unload()
      await done
      assert.equal(test.engine.requests.length, 0)
    })

    it('asks nothing when admission is refused', async () => {
      await start({ policy: 'merge', apiKeys: [] })
      await client().shouldReply('one', /还没有设置/)
      await client().shouldReply('two', /还没有设置/)
    })
  })

  it('is dropped with a notice with policy drop', async () => {
    await start({ policy: 'drop' })
    const { done, end } = await begin('half')
    await client().receive('two', 1)
    assert.match(read()[1], /前面的问题还没有答完/)
    end.open()
    await done
    assert.equal(test.engine.requests.length, 1)
    await client().receive('three')
    assert.deepEqual(read()[2], 'three!')
  })

  describe('is refused', () => {
    it('when its sender has too many questions in all conversations', async () => {
      await start({ maxQuestionsPerUser: 1 })
      const { done, end } = await begin('half')
      await test.client('alice', 'group').shouldReply('<at id="514"/> two', /前面的问题还没有答完/)
      // The first edit leaves out the exclamation mark, with which a picture might begin.
      await test.client('bob').shouldReply('two', /^two/)
      assert.deepEqual(test.bot.read('private:bob'), ['two!'])
      end.open()
      await done
      await test.client('alice', 'group').shouldReply('<at id="514"/> three', /^three/)
      assert.equal(test.bot.read('group').at(-1), 'three!')
    })

    it('when there are too many questions in total', async () => {
      await start({ maxQuestions: 1 })
      const { done, end } = await begin('half')
      await test.client('bob').shouldReply('two', /提问的人太多/)
      end.open()
      await done
      await test.client('bob').shouldReply('three', /^three/)
      assert.equal(test.bot.read('private:bob').at(-1), 'three!')
    })
  })
})

describe('the status before an answer', () => {
  let test: TestApp

  afterEach(() => test.close())

  const states = () => test.bot.sent[0].states.map(state => state.join(''))

  it('tells the wait before a retry', async () => {
    test = await createApp({ bot: EditingBot, config: { requestRetries: 1 } })
    test.engine.respond(fails('server'), says('at last'))
    const done = test.client('alice').receive('one')
    await done
    assert.match(states()[0], /^（暂时没有得到回答，1 秒后再试……）$/)
    assert.equal(states().at(-1), 'at last')
  })

  it('tells that the model thinks if that takes long, unless the platform shows progress itself', async () => {
    const clock = install({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      for (const [markdown, expected] of [[false, ['（正在思考……）', 'yes']], [true, ['yes']]] as const) {
        test = await createApp({ bot: EditingBot, markdown, config: { firstByteTimeout: 0 } })
        const timers = clock.countTimers()
        const thought = gate()
        test.engine.respond([thought, ...says('yes')])
        const done = test.client('alice').receive('one')
        await clock.tickAsync(3900)
        assert.equal(test.bot.sent.length, 0)
        await clock.tickAsync(200)
        thought.open()
        await done
        assert.deepEqual(test.bot.sent[0].states.map(plain), expected)
        assert.equal(clock.countTimers(), timers)
        if (!markdown) await test.close()
      }
    } finally {
      clock.uninstall()
    }
  })

  it('tells that the web is searched', async () => {
    test = await createApp({ bot: EditingBot })
    test.app.on('gemini/before-request', question => void (question.tools = ['search']))
    const found = gate()
    test.engine.respond([found, ...says('found')])
    const done = test.client('alice').receive('one')
    await settle()
    found.open()
    await done
    assert.deepEqual(states(), ['（正在搜索……）', 'found'])
  })

  it('has buttons if they are switched on', async () => {
    test = await createApp({ bot: EditingBot, config: { buttons: true } })
    test.engine.respond([...piece('one'), new Promise(resolve => setTimeout(resolve, 5)), ...says(' two')])
    await test.client('alice').receive('count')
    const button = (name: string, label: string) => {
      return `<button id="gemini.${name}" type="input" text="gemini.${name}">${label}</button>`
    }
    assert.equal(states()[0], `one${button('stop', '停止')}`)
    assert.equal(states().at(-1), `one two${button('retry', '重新回答')}${button('reset', '新对话')}`)
  })
})
