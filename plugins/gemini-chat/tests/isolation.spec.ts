import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { type Fragment, h, Universal } from 'koishi'
import { createApp, EditingBot, plain } from './support/app'
import { piece, questionOf, says } from './support/engine'

const people = Array.from({ length: 200 }, (_, index) => `user-${index}`)

/** Messages of each. The environment can ask for more: the whole crowd takes half a minute. */
const TURNS = +(process.env.GEMINI_CHAT_TURNS ?? 4)

/** A bot without the stock client, which hears every message of every other one. */
class CrowdBot extends EditingBot {
  private readonly waiting = new Map<number, () => void>()
  private readonly shown = new Map<string, h[][]>()
  private count = 0

  async say(person: string, text: string, group?: string) {
    const channel = group
      ? { id: group, type: Universal.Channel.Type.TEXT }
      : { id: `private:${person}`, type: Universal.Channel.Type.DIRECT }
    const elements = group ? [h.at(this.selfId), h.text(` ${text}`)] : [h.text(text)]
    const event = { type: 'message', user: { id: person }, channel, message: { id: String(++this.count), elements } }
    await new Promise<void>((resolve) => {
      const session = this.session({ ...event, timestamp: 0 })
      this.waiting.set(session.id, resolve)
      this.dispatch(session)
    })
  }

  end(id: number) {
    this.waiting.get(id)?.()
    this.waiting.delete(id)
  }

  override async sendMessage(
    channelId: string, content: Fragment, referrer?: unknown, options?: Universal.SendOptions,
  ) {
    const id = String(this.sent.length)
    const states = [h.normalize(content)]
    this.shown.set(id, states)
    this.sent.push({ id, channelId, states, referrer, options })
    return [id]
  }

  override async editMessage(_: string, id: string, content: Fragment) {
    this.shown.get(id)!.push(h.normalize(content))
  }
}

describe('two hundred conversations at once', function() {
  this.timeout(120_000)

  for (const [name, turns, prepare] of [['in memory', TURNS, undefined], ['in a database', 2, memory]] as const) {
    it(`do not mix ${name}, ${turns} messages each`, async () => {
      const test = await createApp({
        bot: CrowdBot,
        config: { historyTokens: 200, compaction: false },
        prepare: app => prepare && app.plugin(prepare as never),
      })
      try {
        // Answers of different speed, in pieces, so that they overlap.
        test.engine.respond((request) => {
          const question = questionOf(request)
          const wait = () => new Promise(resolve => setTimeout(resolve, question.length * 7 % 5))
          return [...piece(`answer to `), wait(), ...piece(question), wait(), ...says('!')]
        })
        const bot = test.bot as CrowdBot
        test.app.on('middleware', session => bot.end(session.id))
        let running = 0
        // Half of them talk in the same group.
        const talk = people.map(async (person, index) => {
          const group = index % 2 ? 'group' : undefined
          for (let turn = 0; turn < turns; turn++) {
            await bot.say(person, `${person} asks ${turn}`, group)
            running = Math.max(running, test.engine.running)
          }
        })
        await Promise.all(talk)

        assert.ok(running > 50, `${running} at once`)
        assert.equal(test.engine.requests.length, people.length * turns)
        for (const request of test.engine.requests) {
          const question = questionOf(request)
          const [, person, turn] = /^(user-\d+) asks (\d+)$/.exec(question)!
          const said = request.contents.map(content => content.parts.map(part => part.text).join(''))
          const before = Array.from({ length: +turn }, (_, index) => `${person} asks ${index}`)
          const whole = [...before.flatMap(text => [text, `answer to ${text}!`]), question]
          assert.ok(said.length > 2 || +turn === 0)
          assert.deepEqual(said, whole.slice(-said.length))
        }
        const answers = new Map<string, string[]>()
        for (const { channelId, states, options } of test.bot.sent) {
          const text = plain(states.at(-1)!)
          const [, person] = /^answer to (user-\d+) asks \d+!$/.exec(text)!
          assert.equal(options!.session!.userId, person)
          if (channelId !== 'group') assert.equal(channelId, `private:${person}`)
          answers.set(person, [...answers.get(person) ?? [], text])
        }
        for (const person of people) {
          const expected = Array.from({ length: turns }, (_, turn) => `answer to ${person} asks ${turn}!`)
          assert.deepEqual(answers.get(person), expected)
        }
      } finally {
        await test.close()
      }
    })
  }
})
