import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { h, Universal } from 'koishi'
import type { Fragment } from 'koishi'
import type { EngineRequest } from '../../src/engine/types'
import { createApp, EditingBot, plain } from '../support/app'
import type { Sent } from '../support/app'
import { fails, piece, questionOf, says } from '../support/engine'

/** Messages per conversation. An environment variable can raise it; 20 messages take a minute. */
const TURNS = +(process.env.GEMINI_CHAT_TURNS ?? 3)

/** Messages sent at once by people who do not wait for answers. */
const BURST = 2

interface Conversation {
  person: string
  group?: string
  name: string
}

/** Each person writes in two places at the same time: a direct chat, and a group with all others. */
const conversations = Array.from({ length: 100 }, (_, index) => `user-${index}`).flatMap((person): Conversation[] => [
  { person, name: `${person} alone` },
  { person, group: 'group', name: `${person} in the group` },
])

/** Some people reset their conversation halfway. */
const forgets = ({ name }: Conversation) => /5 /.test(name)
const FORGOTTEN = Math.ceil(TURNS / 2)

const question = ({ name }: Conversation, turn: number) => `${name} asks ${turn}`

/** A question names its person and place. */
function parse(text: string) {
  const [, name, turn] = /(user-\d+ (?:alone|in the group)) asks (\d+)/.exec(text)!
  return { conversation: conversations.find(conversation => conversation.name === name)!, turn: +turn }
}

/** A bot without the mock client, which would receive the messages of all others. */
class CrowdBot extends EditingBot {
  /** All texts that were shown, in order. */
  readonly shown: { sent: Sent, text: string }[] = []
  private readonly waiting = new Map<number, () => void>()
  private count = 0

  async say({ person, group }: Conversation, text: string) {
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
    this.sent.push({ id, channelId, states: [], referrer, options })
    this.show(id, content)
    return [id]
  }

  override async editMessage(_: string, id: string, content: Fragment) {
    this.show(id, content)
  }

  private show(id: string, content: Fragment) {
    this.shown.push({ sent: this.sent[+id], text: plain(h.normalize(content)) })
  }
}

/** Lets all people write: one message first, then several at a time. */
async function talk(bot: CrowdBot, turns: number) {
  await Promise.all(conversations.map(async (conversation) => {
    for (let turn = 0; turn < turns;) {
      if (turn === FORGOTTEN && forgets(conversation)) await bot.say(conversation, 'gemini.reset')
      // Resets happen between bursts only.
      const end = turn < FORGOTTEN && forgets(conversation) ? FORGOTTEN : turns
      const texts = Array.from({ length: turn ? Math.min(BURST, end - turn) : 1 }, () => question(conversation, turn++))
      await Promise.all(texts.map(text => bot.say(conversation, text)))
    }
  }))
}

/** A request holds its own conversation and nothing else: whole turns in order, the latest included. */
function checkRequest(request: EngineRequest) {
  const { conversation, turn } = parse(questionOf(request))
  const first = turn >= FORGOTTEN && forgets(conversation) ? FORGOTTEN : 0
  const before = Array.from({ length: turn - first }, (_, index) => question(conversation, first + index))
  const whole = [...before.flatMap(text => [text, `answer to ${text}!`]), question(conversation, turn)]
  const said = request.contents.map(content => content.parts.map(part => part.text).join(''))
  assert.ok(said.length > 2 || turn === first)
  assert.deepEqual(said, whole.slice(-said.length))
}

/** A person is shown only their own answers, each from its beginning to its end, one after the other. */
function checkAnswers({ shown }: CrowdBot, turns: number) {
  const ended = new Map<Conversation, number>()
  for (const { sent: { channelId, options }, text } of shown) {
    if (!text.startsWith('answer')) continue
    const { userId } = options!.session!
    const conversation = conversations.find(({ person, group }) => person === userId && (group ?? `private:${userId}`) === channelId)!
    const turn = ended.get(conversation) ?? 0
    const whole = `answer to ${question(conversation, turn)}!`
    assert.ok(whole.startsWith(text), `"${text}" in place of "${whole}"`)
    if (text === whole) ended.set(conversation, turn + 1)
  }
  for (const conversation of conversations) assert.equal(ended.get(conversation), turns, conversation.name)
}

describe('two hundred conversations at once', function() {
  this.timeout(300_000)

  for (const [name, prepare] of [['in memory', undefined], ['in a database', memory]] as const) {
    it(`do not mix ${name}, ${TURNS} messages each`, async () => {
      const test = await createApp({
        bot: CrowdBot,
        config: { apiKeys: ['key-1', 'key-2'], historyTokens: 200, compaction: false },
        prepare: app => prepare && app.plugin(prepare as never),
      })
      try {
        const failed = new Set<string>()
        // Answers in pieces and of different speed, so that they overlap. Some succeed at the second attempt only.
        test.engine.respond((request) => {
          const text = questionOf(request)
          if (/[37] /.test(text) && !failed.has(text)) {
            failed.add(text)
            return fails('auth')
          }
          const wait = () => new Promise(resolve => setTimeout(resolve, text.length * 7 % 5))
          return [...piece('answer to '), wait(), ...piece(text), wait(), ...says('!')]
        })
        const bot = test.bot as CrowdBot
        test.app.on('middleware', session => bot.end(session.id))
        let running = 0
        test.app.on('gemini/after-reply', () => void (running = Math.max(running, test.engine.running)))
        await talk(bot, TURNS)

        assert.ok(running > 50, `${running} at once`)
        assert.equal(test.engine.requests.length, conversations.length * TURNS + failed.size)
        assert.ok(failed.size > TURNS)
        for (const request of test.engine.requests) checkRequest(request)
        checkAnswers(bot, TURNS)
      } finally {
        await test.close()
      }
    })
  }
})
