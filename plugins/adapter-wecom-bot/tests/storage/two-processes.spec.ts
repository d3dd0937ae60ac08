import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Session } from 'koishi'
import type { Wecom } from 'testkit'
import { WecomClient, createWecom } from 'testkit'
import { systemClock as clock } from 'common/time'
import { until } from 'common/testing'
import { createFolder, silence } from '../support/database'
import type { Instance } from '../support/koishi'
import { encodingAESKey, startBot, token } from '../support/koishi'

/** Two instances of Koishi behind one address, each with its own connection to the same database. */
describe('two processes with one database', () => {
  let folder: Awaited<ReturnType<typeof createFolder>>
  let instances: Instance[]
  let clients: WecomClient[]
  /** Who was asked what. */
  let asked: [instance: number, content: string][] = []
  let pressed: string[] = []
  let answer: (session: Session) => unknown = () => 'hello'
  let restoreLog: () => void
  let wecom: Wecom
  const { setTimeout: set } = clock

  before(async () => {
    restoreLog = silence()
    folder = await createFolder()
    instances = []
    wecom = await createWecom()
    for (const index of [0, 1]) {
      const instance = await startBot({
        storage: 'database',
        streamStyle: 'stream_with_template_card',
        firstReply: 50,
        maxUserTurns: 100,
        apiEndpoint: wecom.origin,
        trustedHosts: [new URL(wecom.origin).host],
      }, {
        listen: true,
        database: join(folder.path, 'koishi.db'),
        prepare(app) {
          app.middleware((session) => {
            asked.push([index, session.content!])
            return answer(session) as never
          })
          app.on('interaction/button', ({ event }) => void pressed.push(`${index} ${event.button!.id}`))
        },
      })
      await instance.app.database.prepared()
      instances.push(instance)
    }
    clients = instances.map(({ url }) => new WecomClient({ url, token, encodingAESKey, wecom }))
    // Let Koishi store the person.
    for (const client of clients) await client.post(client.text('hi'))
  })

  after(async () => {
    for (const { stop } of instances) await stop()
    await wecom.close()
    await folder.remove()
    restoreLog()
  })

  afterEach(() => {
    clock.setTimeout = set
  })

  beforeEach(() => {
    asked = []
    pressed = []
    answer = () => 'hello'
  })

  it('answer a message once that arrives fifty times at once', async () => {
    let release = () => {}
    const held = new Promise<void>(resolve => release = resolve)
    answer = () => held.then(() => 'once')
    const payload = clients[0].text('which of you?')
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => clients[index % 2].post(payload)))
    assert.equal(asked.length, 1)
    assert.equal(new Set(answers.map(({ reply }) => reply!.stream!.id)).size, 1)
    release()
    const { id } = answers[0].reply!.stream!
    const [[winner]] = asked
    const stream = await until(async () => {
      const { stream } = (await clients[winner].poll(id)).reply!
      return stream!.finish && stream
    })
    assert.deepEqual([stream.content, stream.finish], ['once', true])
  })

  it('answer every message, however they are distributed', async () => {
    answer = ({ content }) => `you said ${content}`
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      const payload = clients[0].text(String(index))
      const both = await Promise.all(clients.map(client => client.post(payload)))
      return both.map(({ reply }) => reply!.stream!.id)
    }))
    // The replies do not wait until all messages of a burst have reached the plugins.
    await until(() => asked.length >= answers.length)
    assert.deepEqual(asked.map(([, content]) => +content).sort((a, b) => a - b), answers.map((_, index) => index))
    for (const [one, other] of answers) assert.equal(one, other)
  })

  it('show an answer that the other process has completed', async () => {
    answer = () => '说完了'
    const payload = clients[0].text('hi')
    const { id } = (await clients[0].post(payload)).reply!.stream!
    const other = await until(async () => {
      const { stream } = (await clients[1].poll(id)).reply!
      return stream!.content === '说完了' && stream
    })
    assert.deepEqual([other.id, other.finish], [id, true])
    assert.deepEqual((await clients[1].post(payload)).reply!.stream, { ...other })
    assert.equal(asked.length, 1)
  })

  it('close a bubble that the other process is still answering, show it to its owner only, and send the answer as a message', async () => {
    let release = () => {}
    answer = async (session) => {
      await session.send('half')
      await new Promise<void>(resolve => release = resolve)
      await session.send('whole')
    }
    const { id } = (await clients[0].post(clients[0].text('hi'))).reply!.stream!
    const other = await until(async () => {
      const { stream } = (await clients[1].poll(id)).reply!
      return stream!.content!.startsWith('half') && stream
    })
    assert.equal(other.finish, true)
    assert.match(other.content!, /^half\n\n（.+）$/)
    const stranger = (await clients[1].poll(id, { userId: 'STRANGER' })).reply!.stream!
    assert.ok(stranger.finish && !stranger.content!.includes('half'))
    assert.equal(wecom.responses.length, 0)
    // Shorten the time after which the final frame counts as not fetched.
    clock.setTimeout = (callback, delay) => set(callback, delay === 10_000 ? 50 : delay)
    release()
    await until(() => wecom.responses.length)
    assert.deepEqual(wecom.responses.map(({ body }) => body.markdown.content), ['half\n\nwhole'])
  })

  it('say that an unknown stream is forgotten', async () => {
    const { stream } = (await clients[1].poll('unknown')).reply!
    assert.equal(stream!.finish, true)
    assert.match(stream!.content!, /再问一次/)
  })

  it('update each other\'s cards, and count an answer once', async () => {
    answer = () => '部署？<button id="yes">是</button><button id="no">否</button>'
    const { template_card: card } = (await clients[0].post(clients[0].text('hi'))).reply!
    await until(() => instances[1].bot.services.stores.cards.find(card.task_id))
    const clicks = [[0, 'b:yes'], [1, 'b:no'], [1, 'b:yes'], [0, 'b:no']] as const
    const updates = await Promise.all(clicks.map(([index, eventKey]) => {
      return clients[index].post(clients[index].cardClick({ taskId: card.task_id, eventKey }))
    }))
    const shown = new Set(updates.map(({ reply }) => reply!.template_card.sub_title_text))
    assert.equal(shown.size, 1)
    assert.equal(pressed.length, 1)
    const [name] = shown
    assert.equal(name, pressed[0].endsWith('yes') ? '已选择：是' : '已选择：否')
  })

  it('share feedback', async () => {
    const { stream } = (await clients[0].post(clients[0].text('hi'))).reply!
    const { id } = stream!.feedback!
    await clients[0].post(clients[0].feedback({ id, type: 1 }, { userId: 'A' }))
    await clients[1].post(clients[1].feedback({ id, type: 2, reasons: [2] }, { userId: 'B' }))
    await clients[1].post(clients[1].feedback({ id, type: 3 }, { userId: 'A' }))
    for (const { bot } of instances) {
      const opinions = await bot.getFeedback(id)
      assert.deepEqual(opinions.map(({ userId, opinion }) => [userId, opinion]).sort(), [['A', 'withdrawn'], ['B', 'dislike']])
    }
  })
})
