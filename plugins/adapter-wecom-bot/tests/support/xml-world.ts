import type { Session } from 'koishi'
import { h } from 'koishi'
import { until } from 'common/testing'
import type { Config } from '../../src'
import type { AppApi } from './app'
import { createAppApi } from './app'
import type { World } from './world'
import { createWorld, path } from './world'
import { XmlClient } from './xml'

/** Settings of the self-built app that `AppApi` simulates. */
export const app = { corpId: 'wwCORP', agentId: '1000002', secret: 'APP-SECRET' }

/** A 1×1 PNG, base64. */
export const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** An adapter that receives callbacks of self-built apps and group robots, with the app's API. */
export class XmlWorld {
  world!: World
  api!: AppApi
  client!: XmlClient
  /** Messages that plugins received. */
  sessions: Session[] = []
  /** Other events that plugins received. */
  events: { type: string, data: Record<string, unknown> }[] = []
  /** Answer of the only plugin. */
  answer!: (session: Session) => h.Fragment | Promise<h.Fragment | void> | void
  /** Removes the bot. */
  dispose: () => Promise<void> = async () => {}

  /** Sets up the world around the specs of the enclosing `describe`; each spec starts a bot of its own. */
  constructor() {
    before(() => this.open())
    beforeEach(() => this.reset())
    afterEach(() => this.dispose())
    after(async () => {
      await this.world.close()
      await this.api.close()
    })
  }

  start(config: Partial<Config> = {}, receiveId = 'wwCORP') {
    const added = this.world.add({ apiEndpoint: this.api.origin, passiveReply: 200, unclaimed: 3000, ...config })
    this.dispose = added.dispose
    this.client = new XmlClient(this.world.origin + path, receiveId)
    return added.bot
  }

  readonly until = until

  /** An answer that is too late for the reply. */
  later(content: h.Fragment, delay = 300) {
    return async () => {
      await new Promise(resolve => setTimeout(resolve, delay))
      return content
    }
  }

  private async open() {
    this.world = await createWorld()
    this.api = await createAppApi()
    this.world.app.middleware(async (session) => {
      this.sessions.push(session)
      return await this.answer(session) ?? undefined
    })
    this.world.app.on('internal/session', (session) => {
      const { type, event } = session
      if (type === 'internal') this.events.push({ type: event._type!, data: event._data })
      else if (type !== 'send' && type !== 'message') this.events.push({ type, data: event as never })
    })
  }

  private reset() {
    this.sessions = []
    this.events = []
    this.answer = session => h.text(`you said ${session.content}`)
    this.world.log.lines.splice(0)
    this.world.wecom.webhooks.length = 0
    Object.assign(this.api, { messages: [], uploads: [], updates: [], requests: [], answers: {}, tokens: [] })
  }
}
