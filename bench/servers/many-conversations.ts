import type { Context, Fragment } from 'koishi'
import { Bot, Universal, h } from 'koishi'
import * as chat from '../../plugins/gemini-chat/src'
import { MemoryHistory } from '../../plugins/gemini-chat/src/conversation/history'
import { startApp } from './app'
import { runServer } from './child'
import { machineTime } from './clock'

export interface ManyConversationsOptions {
  baseUrl: string
  database?: boolean
  /** Milliseconds. */
  idleExpiry?: number
}

/** The messages to send. */
export interface Workload {
  userIds: string[]
  /** Messages per user. */
  messages: number
  /** Messages a user sends at once. */
  burst: number
  /** Milliseconds over which the users' first messages are spread, 0 by default. */
  spread?: number
}

/** The text of a message at a time, in milliseconds of the machine's clock. */
export interface MessageState {
  userId: string
  text: string
  at: number
}

/** A bot whose messages can be edited at any time, as on WeCom. It records every state of its messages. */
class EditableBot extends Bot<Context> {
  readonly editInterval = 0
  states: MessageState[] = []
  private readonly recipients: string[] = []
  private readonly pending = new Map<number, () => void>()
  private count = 0

  constructor(ctx: Context) {
    super(ctx, {}, 'bench')
    this.selfId = 'bench'
    ctx.on('middleware', ({ id }) => {
      this.pending.get(id)?.()
      this.pending.delete(id)
    })
  }

  /** Dispatches a message. Resolves at the end of the middleware chain. */
  receive(userId: string, text: string, group?: string): Promise<void> {
    const session = this.session({
      type: 'message',
      user: { id: userId },
      channel: group
        ? { id: group, type: Universal.Channel.Type.TEXT }
        : { id: `private:${userId}`, type: Universal.Channel.Type.DIRECT },
      message: { id: String(++this.count), elements: [...group ? [h.at(this.selfId)] : [], h.text(text)] },
    })
    this.dispatch(session)
    return new Promise(resolve => this.pending.set(session.id, resolve))
  }

  override async createMessage(_channel: string, content: Fragment, _guild: unknown, options: Universal.SendOptions) {
    const id = this.recipients.push(options.session!.userId!) - 1
    this.record(id, content)
    return [{ id: String(id) }]
  }

  override async editMessage(_channel: string, id: string, content: Fragment) {
    this.record(+id, content)
  }

  private record(id: number, content: Fragment) {
    const at = machineTime()
    const text = h.normalize(content).map(element => element.toString(true)).join('')
    this.states.push({ userId: this.recipients[id], text, at })
  }
}

/** The in-memory histories, recorded here because the plugin does not expose its own. */
const histories = new Set<MemoryHistory>()
const { load } = MemoryHistory.prototype
MemoryHistory.prototype.load = function(scope) {
  histories.add(this)
  return load.call(this, scope)
}

/** gemini-chat in a Koishi instance with many users, half of them in the same group. */
runServer(async ({ baseUrl, database = false, idleExpiry = 0 }: ManyConversationsOptions) => {
  let app: Context
  let bot: EditableBot
  const port = await startApp(database, (ctx) => {
    app = ctx
    ctx.plugin({ name: 'bench', apply: ctx => void (bot = new EditableBot(ctx)) })
    ctx.plugin(chat, { apiKeys: ['bench'], baseUrl, idleExpiry } as chat.Config)
  })

  const groupOf = (index: number) => index % 2 ? 'group' : undefined

  async function sendMessages(userId: string, index: number, { userIds, messages, burst, spread = 0 }: Workload) {
    await new Promise(resolve => setTimeout(resolve, spread * index / userIds.length))
    for (let first = 0; first < messages; first += burst) {
      const turns = Array.from({ length: Math.min(burst, messages - first) }, (_, turn) => first + turn)
      await Promise.all(turns.map(turn => bot.receive(userId, `${userId} asks ${turn}`, groupOf(index))))
    }
  }

  return {
    port: () => port,
    /** Creates users in Koishi's database, one at a time: concurrent new users in one group would conflict. */
    async createUsers(userIds: string[]) {
      for (const [index, userId] of userIds.entries()) await bot.receive(userId, 'gemini.stop', groupOf(index))
    },
    /** Sends all messages. Resolves when all are answered. */
    async run(workload: Workload) {
      await Promise.all(workload.userIds.map((userId, index) => sendMessages(userId, index, workload)))
    },
    /** @returns the message states since the last call */
    takeStates: () => bot.states.splice(0),
    /** Number of conversations in the history. */
    async storedConversations() {
      if (!database) return [...histories].reduce((sum, { size }) => sum + size, 0)
      return new Set((await app.database.get('gemini_turn', {}, ['scope'])).map(({ scope }) => scope)).size
    },
  }
})
