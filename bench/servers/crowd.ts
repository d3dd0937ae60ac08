import type { Context, Fragment } from 'koishi'
import { Bot, Universal, h } from 'koishi'
import * as chat from '../../plugins/gemini-chat/src'
import { MemoryHistory } from '../../plugins/gemini-chat/src/conversation/history'
import { startApp } from './app'
import { serve } from './child'
import { now } from './clock'

export interface CrowdOptions {
  baseUrl: string
  database?: boolean
  /** Milliseconds. */
  idleExpiry?: number
}

/** What people say: each of them so many messages, so many of those at a time. */
export interface Talk {
  people: string[]
  messages: number
  burst: number
  /** Milliseconds in which they begin, one after the other; all at once unless told. */
  spread?: number
}

/** What could be read at a time, in a message to somebody. */
export interface State {
  person: string
  text: string
  at: number
}

/** A bot whose messages can be edited at any time, as on WeCom, and which keeps what it is told to show. */
class CrowdBot extends Bot<Context> {
  readonly editInterval = 0
  states: State[] = []
  private readonly readers: string[] = []
  private readonly waiting = new Map<number, () => void>()
  private count = 0

  constructor(ctx: Context) {
    super(ctx, {}, 'crowd')
    this.selfId = 'crowd'
    ctx.on('middleware', ({ id }) => {
      this.waiting.get(id)?.()
      this.waiting.delete(id)
    })
  }

  /** Resolves when the message was dealt with. */
  say(person: string, text: string, group?: string): Promise<void> {
    const session = this.session({
      type: 'message',
      user: { id: person },
      channel: group
        ? { id: group, type: Universal.Channel.Type.TEXT }
        : { id: `private:${person}`, type: Universal.Channel.Type.DIRECT },
      message: { id: String(++this.count), elements: [...group ? [h.at(this.selfId)] : [], h.text(text)] },
    })
    this.dispatch(session)
    return new Promise(resolve => this.waiting.set(session.id, resolve))
  }

  override async createMessage(_channel: string, content: Fragment, _guild: unknown, options: Universal.SendOptions) {
    const id = this.readers.push(options.session!.userId!) - 1
    this.show(id, content)
    return [{ id: String(id) }]
  }

  override async editMessage(_channel: string, id: string, content: Fragment) {
    this.show(+id, content)
  }

  private show(id: number, content: Fragment) {
    const at = now()
    const text = h.normalize(content).map(element => element.toString(true)).join('')
    this.states.push({ person: this.readers[id], text, at })
  }
}

/** Every history in memory there is: the plugin keeps its own to itself. */
const histories = new Set<MemoryHistory>()
const { load } = MemoryHistory.prototype
MemoryHistory.prototype.load = function(scope) {
  histories.add(this)
  return load.call(this, scope)
}

/** The chat in a Koishi instance full of people, half of whom talk in the same group. */
serve(async ({ baseUrl, database = false, idleExpiry = 0 }: CrowdOptions) => {
  let app: Context
  let bot: CrowdBot
  const port = await startApp(database, (ctx) => {
    app = ctx
    ctx.plugin({ name: 'crowd', apply: ctx => void (bot = new CrowdBot(ctx)) })
    ctx.plugin(chat, { apiKeys: ['bench'], baseUrl, idleExpiry } as chat.Config)
  })

  const groupOf = (index: number) => index % 2 ? 'group' : undefined

  async function talk(person: string, index: number, { people, messages, burst, spread = 0 }: Talk) {
    await new Promise(resolve => setTimeout(resolve, spread * index / people.length))
    for (let first = 0; first < messages; first += burst) {
      const turns = Array.from({ length: Math.min(burst, messages - first) }, (_, turn) => first + turn)
      await Promise.all(turns.map(turn => bot.say(person, `${person} asks ${turn}`, groupOf(index))))
    }
  }

  return {
    port: () => port,
    /** Makes people known to Koishi, one after the other: of two new ones at once in a group it would lose one. */
    async introduce(people: string[]) {
      for (const [index, person] of people.entries()) await bot.say(person, 'gemini.stop', groupOf(index))
    },
    talk: (order: Talk) => Promise.all(order.people.map((person, index) => talk(person, index, order))).then(() => {}),
    /** What was shown since the last time. */
    take: () => bot.states.splice(0),
    /** How many conversations are remembered. */
    async remembered() {
      if (!database) return [...histories].reduce((sum, { size }) => sum + size, 0)
      return new Set((await app.database.get('gemini_turn', {}, ['scope'])).map(({ scope }) => scope)).size
    },
  }
})
