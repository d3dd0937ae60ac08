import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from 'common/testing'
import { createDingtalk, createGemini, scenarios } from 'testkit'
import type { Card, Dingtalk, DingtalkOptions, Gemini } from 'testkit'
import { Instance, root } from './instance'

/** What a spec adds to the instance. */
export interface DingtalkSetup {
  /** A plugin, as CommonJS. */
  plugin?: string
  /** Changes koishi.yml. */
  edit?(yml: string, dingtalk: Dingtalk): string
}

/** The instance on DingTalk, with Gemini that repeats each question. Cards are made with a template only. */
export class DingtalkInstance {
  instance!: Instance

  private constructor(
    readonly dingtalk: Dingtalk, readonly gemini: Gemini, private readonly setup: DingtalkSetup,
  ) {}

  static async start(
    env: Record<string, string> = {}, options: DingtalkOptions = {}, setup: DingtalkSetup = {},
  ): Promise<DingtalkInstance> {
    const gemini = await createGemini()
    gemini.respond(({ question }) => scenarios.text('收到：', question))
    const dingtalk = await createDingtalk({ redelivery: 300, ...options })
    const started = new DingtalkInstance(dingtalk, gemini, setup)
    try {
      await started.run(env)
    } catch (error) {
      await started.close()
      throw error
    }
    return started
  }

  /** Starts the instance, again with the data of the one before. */
  async run(env: Record<string, string> = {}) {
    const { dingtalk, gemini, setup: { edit = yml => yml, plugin } } = this
    // The test platform serves files on this machine, which must be allowed by name.
    const yml = await readFile(join(root, 'koishi.yml'), 'utf8')
    this.instance = await Instance.start({
      env: {
        PLATFORM: 'dingtalk', DINGTALK_CLIENT_ID: dingtalk.appKey, DINGTALK_CLIENT_SECRET: dingtalk.appSecret,
        DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint, DINGTALK_OLD_API_ENDPOINT: dingtalk.oldApiEndpoint,
        GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url, DINGTALK_BUILT_IN_CARD: 'false',
        ...plugin && { NODE_PATH: join(root, 'node_modules') }, ...env,
      },
      after: this.instance as Instance | undefined,
      files: {
        'koishi.yml': edit(yml.replace(/(\n +)(?=proxy: )/, '$1mediaHosts: [127.0.0.1]$1'), dingtalk)
          + (plugin ? '    ./ordinary.cjs:ordinary: {}\n' : ''),
        ...plugin && { 'ordinary.cjs': plugin },
      },
    })
    await this.instance.ready()
    if (env.DINGTALK_PROTOCOL !== 'http') await dingtalk.stream.connected()
  }

  async until(condition: () => boolean, what: string) {
    await until(condition, () => `${what}\n${this.instance.output}`)
  }

  /** Waits for so many messages. @returns for each: the chat, and the text */
  async messages(count: number): Promise<[string, string][]> {
    await this.until(() => this.dingtalk.messages.length >= count, `${count} messages`)
    return this.dingtalk.messages.map(({ param, userIds, conversationId }) => {
      return [userIds?.[0] ?? conversationId!, param.text ?? param.content]
    })
  }

  /** Waits for so many cards. */
  async cards(count: number, state: Card['state'] = 'finished'): Promise<Card[]> {
    const isThere = () => this.dingtalk.cards.filter(card => card.state === state).length >= count
    await this.until(isThere, `${count} cards ${state}`)
    return this.dingtalk.cards
  }

  /** The last question to Gemini. */
  get asked(): string {
    return this.gemini.requests.at(-1)!.question
  }

  async close() {
    await (this.instance as Instance | undefined)?.close()
    await this.dingtalk.close()
    await this.gemini.close()
  }
}
