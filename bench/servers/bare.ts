import type { IncomingMessage } from 'node:http'
import type {} from '@koishijs/plugin-server'
import type { Context } from 'koishi'
import { Bot, MessageEncoder, h } from 'koishi'
import type { Credential } from '../../plugins/adapter-wecom-bot/src/protocol/crypto'
import { decodeKey, decrypt, encrypt, verify } from '../../plugins/adapter-wecom-bot/src/protocol/crypto'
import { openJson, sealJson } from '../../plugins/adapter-wecom-bot/src/protocol/envelope'
import { startApp } from './app'
import { runServer } from './child'
import { AES_KEY, PATH, TOKEN } from './settings'

export interface BareOptions {
  /** Whether messages are dispatched to Koishi; otherwise the reply is the one set by `setReply`. */
  dispatch: boolean
  database?: boolean
  /** A second Token that is accepted as well. */
  previousToken?: string
  /** Whether a row is inserted for each message before it is dispatched. */
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

/** The part of Koa's context that is used. */
interface KoaContext {
  req: IncomingMessage
  query: Record<string, string>
  status: number
  body: unknown
}

const credential: Credential = { token: TOKEN, key: decodeKey(AES_KEY), receiveId: '' }

/** The minimal encoder Koishi can send with. */
class BareEncoder extends MessageEncoder<Context, BareBot> {
  private text = ''

  override async visit(element: h) {
    this.text += element.toString(true)
  }

  override async flush() {
    const { id } = this.options.session!.event.message!
    this.bot.replies.set(id!, this.text)
    this.results.push({ id, content: this.text })
    this.session.app.emit(this.session, 'send', this.session)
  }
}

class BareBot extends Bot<Context> {
  static override MessageEncoder = BareEncoder
  readonly replies = new Map<string, string>()
  readonly pending = new Map<string, (text: string) => void>()

  constructor(ctx: Context) {
    super(ctx, {}, 'bare')
    this.selfId = 'bare'
    ctx.on('middleware', ({ event }) => this.end(event.message!.id!))
  }

  /** Dispatches a message. Resolves with the reply at the end of the middleware chain. */
  process({ msgid, from, text }: Message): Promise<string> {
    this.dispatch(this.session({
      type: 'message',
      user: { id: from.userid },
      channel: { id: from.userid, type: 1 },
      message: { id: msgid, elements: [h.text(text.content)] },
    }))
    return new Promise(resolve => this.pending.set(msgid, resolve))
  }

  private end(id: string) {
    this.pending.get(id)!(this.replies.get(id)!)
    this.pending.delete(id)
    this.replies.delete(id)
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/**
 * The baseline for the adapter: a plugin that only decrypts the envelope, optionally dispatches to Koishi, and encrypts
 * the reply, using the adapter's cipher.
 */
runServer(async ({ dispatch, database, previousToken, claim }: BareOptions) => {
  let reply = ''
  const tokens = previousToken ? [TOKEN, previousToken] : [TOKEN]

  function apply(ctx: Context) {
    const bot = dispatch ? new BareBot(ctx) : undefined
    if (claim) ctx.model.extend('bare_claim', { message: 'string(255)' }, { primary: 'message' })
    ctx.server.post(PATH, Object.assign(async (koa: KoaContext) => {
      const ciphertext = openJson(await read(koa.req))
      const { msg_signature: signature, timestamp, nonce } = koa.query
      if (!tokens.some(token => verify(token, timestamp, nonce, ciphertext, signature))) {
        koa.status = 403
        koa.body = 'forbidden'
        return
      }
      const message = JSON.parse(decrypt(credential, ciphertext)) as Message
      if (claim) await ctx.database.create('bare_claim', { message: message.msgid })
      const text = bot ? streamReply(message.msgid, await bot.process(message)) : reply
      koa.body = sealJson(credential, encrypt(credential, text), nonce, Math.floor(Date.now() / 1000))
    }, { [Symbol.for('noParseBody')]: true }))
  }

  const port = await startApp(database, (ctx) => {
    ctx.plugin({ name: 'bare', inject: ['server'], apply })
    ctx.middleware(() => 'pong')
  })
  return { port: () => port, setReply: (text: string) => void (reply = text) }
})

function streamReply(id: string, content: string) {
  return JSON.stringify({ msgtype: 'stream', stream: { id, finish: true, content, feedback: { id } } })
}
