import type { IncomingMessage } from 'node:http'
import type {} from '@koishijs/plugin-server'
import type { Context } from 'koishi'
import { Bot, MessageEncoder, h } from 'koishi'
import type { Credential } from '../../plugins/adapter-wecom-bot/src/protocol/crypto'
import { decodeKey, decrypt, verify } from '../../plugins/adapter-wecom-bot/src/protocol/crypto'
import { open, seal } from '../../plugins/adapter-wecom-bot/src/protocol/envelope'
import { startApp } from './app'
import { serve } from './child'
import { AES_KEY, PATH, TOKEN } from './settings'

export interface BareOptions {
  /** Whether Koishi is asked what to say, or the parent. */
  dispatch: boolean
  database?: boolean
  /** Also accepted, as while a Token is being replaced. */
  previousToken?: string
  /** Whether a row is made of every message, before anybody is asked. */
  claim?: boolean
}

declare module 'koishi' {
  interface Tables {
    bare_claim: { message: string }
  }
}

interface Message {
  msgid: string
  from: { userid: string }
  text: { content: string }
}

/** Koa's context, as far as it is needed. */
interface Exchange {
  req: IncomingMessage
  query: Record<string, string>
  status: number
  body: unknown
}

const credential: Credential = { token: TOKEN, key: decodeKey(AES_KEY), receiveId: '' }

/** The least that Koishi can send with. */
class BareEncoder extends MessageEncoder<Context, BareBot> {
  private text = ''

  override async visit(element: h) {
    this.text += element.toString(true)
  }

  override async flush() {
    const { id } = this.options.session!.event.message!
    this.bot.said.set(id!, this.text)
    this.results.push({ id, content: this.text })
    this.session.app.emit(this.session, 'send', this.session)
  }
}

class BareBot extends Bot<Context> {
  static override MessageEncoder = BareEncoder
  readonly said = new Map<string, string>()
  readonly asked = new Map<string, (text: string) => void>()

  constructor(ctx: Context) {
    super(ctx, {}, 'bare')
    this.selfId = 'bare'
    ctx.on('middleware', ({ event }) => this.end(event.message!.id!))
  }

  /** Resolves with what was said when the chain is through. */
  ask({ msgid, from, text }: Message): Promise<string> {
    this.dispatch(this.session({
      type: 'message',
      user: { id: from.userid },
      channel: { id: from.userid, type: 1 },
      message: { id: msgid, elements: [h.text(text.content)] },
    }))
    return new Promise(resolve => this.asked.set(msgid, resolve))
  }

  private end(id: string) {
    this.asked.get(id)!(this.said.get(id)!)
    this.asked.delete(id)
    this.said.delete(id)
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/**
 * What the adapter is compared with: a plugin that does no more than open an envelope, seal one and, if need be, ask
 * Koishi in between, with the adapter's own cipher.
 */
serve(async ({ dispatch, database, previousToken, claim }: BareOptions) => {
  let reply = ''
  const tokens = previousToken ? [TOKEN, previousToken] : [TOKEN]

  function apply(ctx: Context) {
    const bot = dispatch ? new BareBot(ctx) : undefined
    if (claim) ctx.model.extend('bare_claim', { message: 'string(255)' }, { primary: 'message' })
    ctx.server.post(PATH, Object.assign(async (koa: Exchange) => {
      const ciphertext = open(await read(koa.req))
      const { msg_signature: signature, timestamp, nonce } = koa.query
      if (!tokens.some(token => verify(token, timestamp, nonce, ciphertext, signature))) {
        koa.status = 403
        koa.body = 'forbidden'
        return
      }
      const message = JSON.parse(decrypt(credential, ciphertext)) as Message
      if (claim) await ctx.database.create('bare_claim', { message: message.msgid })
      const text = bot ? bubble(message.msgid, await bot.ask(message)) : reply
      koa.body = seal(credential, text, nonce, Math.floor(Date.now() / 1000))
    }, { [Symbol.for('noParseBody')]: true }))
  }

  const port = await startApp(database, (ctx) => {
    ctx.plugin({ name: 'bare', inject: ['server'], apply })
    ctx.middleware(() => 'pong')
  })
  return { port: () => port, say: (text: string) => void (reply = text) }
})

function bubble(id: string, content: string) {
  return JSON.stringify({ msgtype: 'stream', stream: { id, finish: true, content, feedback: { id } } })
}
