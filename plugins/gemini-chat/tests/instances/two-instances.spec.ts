import assert from 'node:assert/strict'
import { SystemClock } from 'common/time'
import type { Context } from 'koishi'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { createApp, EditingBot } from '../support/app'
import type { TestApp } from '../support/app'
import { callsTools, fails, gate, piece, questionOf, says } from '../support/engine'

/** Waits until it is so. The timeout of the spec ends this. */
async function until(isMet: () => boolean) {
  while (!isMet()) await new Promise(resolve => setTimeout(resolve, 5))
}

/** A clock that can be set forward, as for a process that was stopped. */
class SteppedClock extends SystemClock {
  private aheadMs = 0

  override monotonic() {
    return super.monotonic() + this.aheadMs
  }

  step(ms: number) {
    this.aheadMs += ms
  }
}

describe('two instances that share state', () => {
  let clock: SteppedClock, services: SharedStateService[], one: TestApp, two: TestApp

  async function start(config: object = {}) {
    clock = new SteppedClock()
    const backend = new MemoryBackend(clock)
    services = ['one', 'two'].map(instance => new SharedStateService(backend, { instance, clock, isShared: true }))
    const prepare = (index: number) => (app: Context) => void app.set('sharedState', services[index])
    one = await createApp({ bot: EditingBot, config, prepare: prepare(0) })
    two = await createApp({ bot: EditingBot, config, prepare: prepare(1) })
  }

  afterEach(async () => {
    await Promise.all([one.close(), two.close()])
    for (const service of services) await service.dispose()
    clock.dispose()
  })

  const contents = (test: TestApp) => test.engine.requests.at(-1)!.contents.map(({ parts }) => {
    return parts.map(part => part.text).join('')
  })

  it('answer one conversation in order, each question with the answers before it', async () => {
    await start()
    const end = gate()
    one.engine.respond([...piece('first'), end, ...says(' answer')])
    const first = one.client('alice').receive('甲')
    await until(() => one.engine.requests.length === 1)
    const second = two.client('alice').receive('乙')
    const other = two.client('bob').receive('丙')
    await other
    assert.equal(two.engine.requests.length, 1)
    end.open()
    await Promise.all([first, second])
    assert.deepEqual(contents(two), ['甲', 'first answer', '乙'])
    await one.client('alice').receive('丁')
    assert.deepEqual(contents(one), ['甲', 'first answer', '乙', 'echo: 乙', '丁'])
  })

  it('keep the order of five questions of three people over both', async () => {
    await start({ queue: 10 })
    const people = ['alice', 'bob', 'carol']
    for (const number of [1, 2, 3, 4, 5]) {
      await Promise.all(people.map((person) => {
        return (number % 2 ? one : two).client(person).receive(`${person}${number}`)
      }))
    }
    for (const person of people) {
      await one.client(person).receive('?')
      const questions = contents(one).filter((_, index) => index % 2 === 0)
      assert.deepEqual(questions, [1, 2, 3, 4, 5].map(number => `${person}${number}`).concat('?'))
    }
  })

  it('stop an answer of each other', async () => {
    await start()
    one.engine.respond([...piece('half'), gate()])
    const answer = one.client('alice').receive('long')
    await until(() => one.engine.requests.length === 1)
    await two.client('alice').receive('停止')
    await answer
    assert.deepEqual(two.bot.read('private:alice'), ['已停止。'])
    assert.match(one.bot.read('private:alice')[0], /^half/)
    await two.client('alice').receive('停止')
    assert.match(two.bot.read('private:alice')[1], /没有/)
  })

  it('forget a conversation together, after the answer of the other one has been stored', async () => {
    await start()
    one.engine.respond([...piece('half'), gate()])
    const answer = one.client('alice').receive('long')
    await until(() => one.engine.requests.length === 1)
    await two.client('alice').receive('新对话')
    await answer
    await two.client('alice').receive('fresh')
    assert.deepEqual(contents(two), ['fresh'])
    one.engine.respond(request => says(`${questionOf(request)}!`))
    await one.client('alice').receive('again')
    assert.deepEqual(contents(one), ['fresh', 'echo: fresh', 'again'])
  })

  it('do not store the answer of an instance that was stopped while another one went on', async () => {
    await start()
    const end = gate()
    one.engine.respond([...piece('late'), end, ...says(' answer')])
    const late = one.client('alice').receive('甲')
    await until(() => one.engine.requests.length === 1)
    // Its place in the queue has expired, and it has not noticed yet when its answer is complete.
    clock.step(20_000)
    await two.client('alice').receive('乙')
    end.open()
    await late
    await two.client('alice').receive('丙')
    assert.deepEqual(contents(two), ['乙', 'echo: 乙', '丙'])
  })

  describe('tell the adapter whether an answer may be made once more', () => {
    const said: boolean[] = []
    beforeEach(async () => {
      await start()
      said.splice(0)
      const allowRepeating = async (_: unknown, isRepeatable: boolean) => void said.push(isRepeatable)
      Object.assign(one.bot, { allowRepeating })
    })

    it('it may', async () => {
      await one.client('alice').receive('甲')
      assert.deepEqual(said, [true])
    })

    it('not once a tool is about to run', async () => {
      const before: boolean[][] = []
      one.app.assistant.tool({ name: 'lookup', description: 'Looks it up', run: () => void before.push([...said]) })
      one.engine.respond(callsTools(['lookup']), callsTools(['lookup']), says('done'))
      await one.client('alice').receive('甲')
      assert.deepEqual(before, [[true, false], [true, false]])
      assert.deepEqual(said, [true, false])
    })

    it('commands are not repeated', async () => {
      await one.client('alice').receive('甲')
      await one.client('alice').receive('重新回答')
      await one.client('alice').receive('新对话')
      assert.equal(one.engine.requests.length, 2)
      assert.deepEqual(said, [true])
    })
  })

  it('refuse a question where the queue of both is full', async () => {
    await start({ policy: 'drop' })
    const end = gate()
    one.engine.respond([...piece('half'), end, ...says('')])
    const answer = one.client('alice').receive('one')
    await until(() => one.engine.requests.length === 1)
    await two.client('alice').receive('two')
    assert.equal(two.engine.requests.length, 0)
    assert.equal(two.bot.read('private:alice').length, 1)
    end.open()
    await answer
  })

  it('count messages per minute together', async () => {
    await start({ userRate: 2 })
    await one.client('alice').receive('1')
    await two.client('alice').receive('2')
    await one.client('alice').receive('3')
    await two.client('alice').receive('4')
    await two.client('bob').receive('5')
    assert.equal(one.engine.requests.length, 1)
    assert.equal(two.engine.requests.length, 2)
  })

  for (const [limit, who, other] of [['userTokens', 'alice', 'bob'], ['channelTokens', 'alice', 'bob']] as const) {
    it(`count tokens of a day together: ${limit}`, async () => {
      await start({ [limit]: 5 })
      const where = limit === 'channelTokens' ? 'room' : undefined
      const text = where ? '<at id="514"/> hi' : 'hi'
      const ask = (test: TestApp, person: string) => test.client(person, where).receive(text)
      one.engine.respond(says('a long answer that costs more tokens than a day has'))
      await ask(one, who)
      await ask(two, who)
      assert.equal(two.engine.requests.length, 0)
      await ask(two, other)
      assert.equal(two.engine.requests.length, limit === 'userTokens' ? 1 : 0)
    })
  }

  it('tell the usage of both', async () => {
    await start()
    for (const test of [one, one, two]) {
      await test.client('alice').receive('hi')
    }
    for (const test of [one, two]) {
      await test.client('alice').receive('用量')
      assert.match(test.bot.read('private:alice').at(-1)!, /^今天：3 次请求，0 次失败，21 token（输入 12，输出 9）/)
    }
  })

  it('share what the model of a conversation is', async () => {
    await start({ fallbackModels: ['gemini-other'], model: 'gemini-usual', modelAuthority: 0 })
    await one.client('alice').receive('模型 gemini-other')
    await two.client('alice').receive('hi')
    assert.equal(two.engine.requests[0].model, 'gemini-other')
  })

  for (const [how, failure] of [
    ['refused', fails('auth')],
    ['used up for a minute', fails('rate', { retryAfter: 60_000 })],
    ['used up for today', fails('quota-day')],
    ['without credit', fails('billing')],
  ] as const) {
    it(`do not ask with a key that was found ${how} at the other one`, async () => {
      await start({ apiKeys: ['key-1', 'key-2'] })
      one.engine.respond(failure, request => says(questionOf(request)))
      await one.client('alice').receive('hi')
      assert.deepEqual(one.engine.requests.map(({ key }) => key), ['key-1', 'key-2'])
      await two.client('bob').receive('hi')
      assert.deepEqual(two.engine.requests.map(({ key }) => key), ['key-2'])
    })

    it(`do not ask with a key that was found ${how} before one of them started`, async () => {
      const config = { apiKeys: ['key-1', 'key-2'] }
      await start(config)
      one.engine.respond(failure, request => says(questionOf(request)))
      await one.client('alice').receive('hi')
      await two.close()
      two = await createApp({ bot: EditingBot, config, prepare: app => void app.set('sharedState', services[1]) })
      await two.client('bob').receive('hi')
      assert.deepEqual(two.engine.requests.map(({ key }) => key), ['key-2'])
    })
  }

  it('ask again with a key that another one was answered with', async () => {
    const config = { apiKeys: ['key-1', 'key-2'] }
    await start(config)
    one.engine.respond(fails('auth'), fails('auth'))
    await one.client('alice').receive('hi')
    one.engine.respond(request => says(questionOf(request)))
    await one.client('alice').receive('hi')
    const accepted = one.engine.requests.at(-1)!.key
    await two.close()
    two = await createApp({ bot: EditingBot, config, prepare: app => void app.set('sharedState', services[1]) })
    await two.client('bob').receive('hi')
    assert.deepEqual(two.engine.requests.map(({ key }) => key), [accepted])
  })
})
