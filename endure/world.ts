import {
  WecomGateway, createDingtalk, createEncodingAESKey, createToken, createWecom, freePort, systemClock,
} from 'testkit'
import type { Dingtalk, Wecom } from 'testkit'
import { DingtalkPerson } from './dingtalk-person'
import type { GeminiMood } from './gemini'
import { MoodyGemini } from './gemini'
import { Instance } from './instance'
import type { Outcome, Platform } from './outcome'
import type { Random } from './random'
import { WebsocketPerson } from './websocket-person'
import { WecomPerson } from './wecom-person'

/** People of each platform. Few, because each has a conversation of their own that is kept. */
const PEOPLE = 6

/** Lifetime of an access token, in seconds: the companion renews it ten seconds earlier, every second. */
const TOKEN_LIFE_SECONDS = 11

/** The bot on WeCom's long connection, beside that with callbacks. */
const WEBSOCKET_BOT = { botId: 'ENDURE', botSecret: 'endure-secret' }

/** The instance, and everything that it is connected to. */
export class World {
  private asked = 0
  private readonly idlePeople: Record<Platform, { ask(question: string): Promise<Outcome> }[]> = {
    wecom: [], websocket: [], dingtalk: [],
  }

  private constructor(
    readonly random: Random, readonly instance: Instance,
    readonly wecom: Wecom, readonly gateway: WecomGateway,
    readonly dingtalk: Dingtalk, readonly gemini: MoodyGemini,
  ) {}

  /**
   * @param patience how long people wait for the end of an answer, in milliseconds
   * @param gapMs milliseconds between two pieces of an answer that something happens in the middle of
   */
  static async create(random: Random, patience: number, gapMs: number): Promise<World> {
    const [token, encodingAESKey, port] = [createToken(), createEncodingAESKey(), await freePort()]
    const passed = () => instance?.passed ?? 0
    const clock = { ...systemClock, now: () => Date.now() + passed() }
    const [wecom, gateway, dingtalk, gemini] = [
      await createWecom({ encodingAESKey }),
      await WecomGateway.create({ clock, bots: { [WEBSOCKET_BOT.botId]: WEBSOCKET_BOT.botSecret } }),
      await createDingtalk({ redelivery: 5000, tokenLife: TOKEN_LIFE_SECONDS, monthly: 1_000_000, qps: 1000 }),
      await MoodyGemini.create(gapMs),
    ]
    const instance: Instance | undefined = await Instance.create({
      PORT: String(port),
      WECOM_BOT_TOKEN: token,
      WECOM_BOT_ENCODING_AES_KEY: encodingAESKey,
      WECOM_BOT_API_ENDPOINT: wecom.origin,
      WECOM_BOT_TRUSTED_HOSTS: new URL(wecom.origin).host,
      DINGTALK_CLIENT_ID: dingtalk.appKey,
      DINGTALK_CLIENT_SECRET: dingtalk.appSecret,
      DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint,
      DINGTALK_OLD_API_ENDPOINT: dingtalk.oldApiEndpoint,
      DINGTALK_CARD_TEMPLATE_ID: 'ai.schema',
      GEMINI_API_KEY: 'endure-key',
      GEMINI_BASE_URL: gemini.server.url,
    }, { ...WEBSOCKET_BOT, wsUrl: gateway.url })
    const world = new World(random, instance, wecom, gateway, dingtalk, gemini)
    const url = `http://127.0.0.1:${port}/api/wecom/callback`
    for (let number = 1; number <= PEOPLE; number++) {
      const userId = `person${number}`
      const caller = { url, token, encodingAESKey, wecom, userId, patience, now: clock.now }
      world.idlePeople.wecom.push(new WecomPerson(caller))
      world.idlePeople.websocket.push(new WebsocketPerson(gateway, userId, patience))
      world.idlePeople.dingtalk.push(new DingtalkPerson(dingtalk, userId, patience))
    }
    return world
  }

  /**
   * One question on each platform, at the same time.
   * @param mood Gemini's, for these questions
   */
  ask(mood?: GeminiMood): Promise<Outcome[]> {
    return Promise.all([this.askOn('wecom', mood), this.askOn('websocket', mood), this.askOn('dingtalk', mood)])
  }

  private async askOn(platform: Outcome['platform'], mood?: GeminiMood): Promise<Outcome> {
    const people = this.idlePeople[platform]
    const person = people.shift()
    if (!person) throw new Error('all people wait for an answer already')
    const question = `第 ${++this.asked} 个问题`
    if (mood) this.gemini.expect(question, mood)
    const outcome = await person.ask(question)
    people.push(person)
    return outcome
  }

  /** Lets time pass for the instance and for WeCom. */
  async pass(ms: number) {
    this.instance.passed += ms
    await this.instance.call('pass', ms)
    // The pings that were due arrive.
    await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
  }

  /** Waits for a condition, at most a minute. */
  async until(isMet: () => boolean | Promise<boolean>, what: string) {
    for (const end = performance.now() + 60_000; !await isMet();) {
      if (performance.now() > end) throw new Error(`${what} did not come about`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  sleep(ms: number) {
    return new Promise<void>(resolve => setTimeout(resolve, ms))
  }

  async close() {
    this.instance.close()
    await Promise.all([this.wecom.close(), this.gateway.close(), this.dingtalk.close(), this.gemini.server.close()])
  }
}
