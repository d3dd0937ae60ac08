import type { WecomClient } from 'testkit'
import { decodeKey, encrypt } from 'testkit'
import { buildXml } from '../../src/protocol/xml'
import { flawed } from './forge'
import { mutateBytes, mutateJson, mutateText } from './mutate'
import type { Random } from './random'
import { encodingAESKey } from './world'

/** A kind of callback source, and the format of its callbacks. */
interface Source {
  samples(): object[]
  write(payload: unknown): string
  isXml: boolean
  receiveId: string
}

export const CORP = 'wwCORP'

const sources = ['bot', 'app', 'robot in XML', 'robot in JSON'] as const
const layers = ['nothing', 'value', 'plaintext', 'header', 'ciphertext', 'envelope', 'query', 'method', 'place'] as const

export interface Attack {
  source: typeof sources[number]
  /** Where the callback is malformed. */
  layer: typeof layers[number]
  method: string
  url: URL
  body: string | Buffer
  type: string
}

/** Generates callbacks that are malformed in one place: from every source, in every layer of the envelope. */
export class Attacker {
  private readonly sources: Record<Attack['source'], Source>
  private readonly key = decodeKey(encodingAESKey)
  private serial = 0

  /** @param origin of links in messages */
  constructor(readonly client: WecomClient, readonly origin: string, readonly random: Random) {
    const xml = (value: unknown) => typeof value === 'object' && value ? buildXml(value) : String(value)
    this.sources = {
      bot: { samples: () => this.ofBot(), write: JSON.stringify, isXml: false, receiveId: '' },
      app: { samples: () => this.ofApp(), write: xml, isXml: true, receiveId: CORP },
      'robot in XML': { samples: () => this.ofRobot(), write: xml, isXml: true, receiveId: '' },
      'robot in JSON': { samples: () => this.ofRobot().map(snake), write: JSON.stringify, isXml: false, receiveId: '' },
    }
  }

  next(): Attack {
    const { random, client } = this
    const name = random.pick(sources)
    const layer = random.pick(layers)
    const { samples, write, isXml, receiveId } = this.sources[name]
    const payload = random.pick(samples())
    const written = write(layer === 'value' ? mutateJson(payload, random) : payload) ?? ''
    const plaintext = layer === 'plaintext' ? mutateText(written, random) : written
    const sealed = layer === 'header' ? this.misbuilt(plaintext, receiveId) : encrypt(this.key, plaintext, receiveId)
    const ciphertext = layer === 'ciphertext'
      ? mutateBytes(Buffer.from(sealed, 'base64'), random).toString('base64')
      : sealed
    const { url } = client.sign(ciphertext, { query: layer === 'method' ? { echostr: ciphertext } : {} })
    // A valid ciphertext in the wrong kind of envelope.
    const inXml = layer === 'place' ? !isXml : isXml
    const envelope = inXml
      ? buildXml({ ToUserName: CORP, Encrypt: ciphertext })
      : JSON.stringify({ encrypt: ciphertext })
    if (layer === 'query') url.search = mutateText(url.search, random).replace(/[\0-\x20#]/g, '')
    return {
      source: name,
      layer,
      url,
      method: layer === 'method' ? random.pick(['GET', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS']) : 'POST',
      body: layer === 'envelope' ? mutateText(envelope, random) : envelope,
      type: random.pick(['application/json', 'text/xml', 'application/x-www-form-urlencoded', 'multipart/form-data', '']),
    }
  }

  private misbuilt(plaintext: string, tail: string): string {
    const { random } = this
    const size = Buffer.byteLength(plaintext)
    return flawed(plaintext, {
      tail: random.pick([tail, tail + 'x', '\0', 'wx']),
      length: random.pick([undefined, 0, size + random.integer(-40, 40) >>> 0, 0x7fffffff, 0xffffffff]),
      pad: count => Buffer.alloc(count, random.pick([count, 0, 1, 33])),
      block: random.pick([16, 32]),
    })
  }

  private ofBot(): object[] {
    const { client, origin } = this
    const media = { url: `${origin}/media/x`, aeskey: 'x' }
    return [
      client.text('你好 😀 <at type="all"/>'),
      client.text('@RobotA **hi**', { chatId: 'wrCHAT' }),
      client.text('again', { msgId: 'SAME' }),
      client.voice('说出来的话'),
      client.message('image', media),
      client.file(media.url),
      client.message('mixed', { msg_item: [{ msgtype: 'text', text: { content: 'x' } }, { msgtype: 'image', image: media }] }),
      client.quote(client.message('image', media), 'x'),
      client.message('location', {}),
      client.stream('no such stream'),
      client.enterChat(),
      client.cardClick({ eventKey: 'i:help', taskId: 't', selected: { q: ['1'] } }),
      client.feedback({ id: 'x', type: 2, content: 'no', reasons: [1, 2] }),
    ]
  }

  private ofApp(): object[] {
    const base = { ToUserName: CORP, FromUserName: 'zhangsan', CreateTime: ++this.serial, AgentID: 1000002 }
    const message = { ...base, MsgId: `1${this.serial}` }
    return [
      { ...message, MsgType: 'text', Content: '你好 ]]> <a href="x">' },
      { ...message, MsgType: 'image', PicUrl: `${this.origin}/media/x`, MediaId: 'M' },
      { ...message, MsgType: 'voice', MediaId: 'M', Format: 'amr', Recognition: '说出来的话' },
      { ...message, MsgType: 'location', Location_X: 23.1, Location_Y: 113.3, Scale: 15, Label: '广州' },
      { ...message, MsgType: 'link', Title: 't', Description: 'd', Url: 'https://example.com' },
      { ...base, MsgType: 'event', Event: 'subscribe' },
      { ...base, MsgType: 'event', Event: 'click', EventKey: 'i:help' },
      {
        ...base,
        MsgType: 'event',
        Event: 'template_card_event',
        EventKey: 'k',
        TaskId: 't',
        SelectedItems: { SelectedItem: [{ QuestionKey: 'q', OptionIds: { OptionId: ['1', '2'] } }] },
      },
    ]
  }

  private ofRobot(): object[] {
    const base = {
      WebhookUrl: `${this.origin}/cgi-bin/webhook/send?key=${++this.serial % 256}`,
      MsgId: `m${this.serial}`,
      ChatId: 'wrk1',
      ChatType: 'group',
      From: { UserId: 'zhangsan', Name: '张三' },
    }
    return [
      { ...base, MsgType: 'text', Text: { Content: '@RobotA hi' } },
      { ...base, ChatType: 'single', MsgType: 'image', Image: { ImageUrl: `${this.origin}/media/x` } },
      { ...base, MsgType: 'mixed', MixedMessage: { MsgItem: [{ MsgType: 'text', Text: { Content: 'x' } }] } },
      { ...base, MsgType: 'event', Event: { EventType: 'add_to_chat' } },
      { ...base, MsgType: 'attachment', Attachment: { CallbackId: 'c', Actions: [{ Name: 'n', Value: 'v', Type: 'button' }] } },
    ]
  }
}

/** Converts property names to snake_case. */
function snake(value: unknown): object {
  if (Array.isArray(value)) return value.map(snake)
  if (typeof value !== 'object') return value as never
  return Object.fromEntries(Object.entries(value as object).map(([name, inner]) => {
    return [name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase(), snake(inner)]
  }))
}
