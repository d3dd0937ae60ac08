import { decodeKey, decrypt, encrypt, sign } from 'testkit'
import { encodingAESKey, token } from './world'

export interface XmlAnswer {
  status: number
  raw: string
  /** The decrypted reply, as XML or JSON. */
  reply?: string
  /** Text of the reply. */
  content?: string
}

export interface PostOptions {
  /** Sends a JSON envelope. */
  json?: boolean
  receiveId?: string
  signal?: AbortSignal
}

/** Sends callbacks of self-built apps and group robots, as WeCom does. */
export class XmlClient {
  private serial = 0
  readonly key = decodeKey(encodingAESKey)

  constructor(readonly url: string, readonly receiveId = '') {}

  app(fields: string, event?: { at: number }) {
    const id = event ? '' : `<MsgId>${Date.now()}${++this.serial}</MsgId>`
    return '<xml><ToUserName><![CDATA[wwCORP]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>'
      + `<CreateTime>${event?.at ?? 1700000000}</CreateTime>${fields}${id}<AgentID>1000002</AgentID></xml>`
  }

  text(content: string) {
    return this.app(`<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${content}]]></Content>`)
  }

  event(name: string, fields = '', at = 1700000000) {
    return this.app(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[${name}]]></Event>${fields}`, { at })
  }

  robot(webhook: string, fields: string, { chatType = 'group', msgId = `m${++this.serial}` } = {}) {
    return `<xml><WebhookUrl><![CDATA[${webhook}]]></WebhookUrl><MsgId>${msgId}</MsgId><ChatId><![CDATA[wrk1]]></ChatId>`
      + `<ChatType>${chatType}</ChatType><From><UserId>zhangsan</UserId><Name><![CDATA[张三]]></Name></From>${fields}</xml>`
  }

  robotText(webhook: string, content: string, options?: { chatType?: string, msgId?: string }) {
    return this.robot(webhook, `<MsgType>text</MsgType><Text><Content><![CDATA[${content}]]></Content></Text>`, options)
  }

  async post(plaintext: string, options: PostOptions = {}): Promise<XmlAnswer> {
    const nonce = String(++this.serial)
    const timestamp = String(Math.floor(Date.now() / 1000))
    const encrypted = encrypt(this.key, plaintext, options.receiveId ?? this.receiveId)
    const query = new URLSearchParams({ msg_signature: sign(token, timestamp, nonce, encrypted), timestamp, nonce })
    const response = await fetch(`${this.url}?${query}`, {
      method: 'POST',
      signal: options.signal,
      headers: { 'content-type': 'text/xml' },
      body: options.json
        ? JSON.stringify({ encrypt: encrypted })
        : `<xml><ToUserName><![CDATA[wwCORP]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
    })
    const raw = await response.text()
    if (response.status !== 200 || !raw) return { status: response.status, raw }
    const field = (name: string) => options.json
      ? String(JSON.parse(raw)[name.toLowerCase()])
      : new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`).exec(raw)![1]
    const ciphertext = field('Encrypt')
    if (sign(token, field('TimeStamp'), field('Nonce'), ciphertext) !== field('MsgSignature')) throw new Error('wrong signature')
    const { message: reply, receiveId } = decrypt(this.key, ciphertext)
    if (receiveId !== (options.receiveId ?? this.receiveId)) throw new Error(`wrong receive id "${receiveId}"`)
    const content = options.json
      ? JSON.parse(reply).text.content
      : /<Content><!\[CDATA\[([^]*)\]\]><\/Content>/.exec(reply)?.[1]
    return { status: 200, raw, reply, content }
  }
}
