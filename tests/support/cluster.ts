import type { Gemini, Pause, Scenario, Wecom } from 'testkit'
import { WecomClient, createGemini, createWecom, scenarios } from 'testkit'
import type { InstanceOptions } from './instance'
import { Instance } from './instance'
import { Nginx } from './nginx'
import { RedisServer } from './redis'

const credentials = {
  WECOM_BOT_TOKEN: 'conversationToken',
  WECOM_BOT_ENCODING_AES_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
}

/** What became of one message. */
export interface Result {
  /** Every state of the bubble. */
  seen: string[]
  /** The bubble was closed. */
  isFinished: boolean
}

/** What became of messages. */
export interface Tally {
  asked: number
  /** The bubble ended with the whole answer. */
  whole: number
  /** The bubble ended with something else, or not at all, and the whole answer came by `response_url`. */
  elsewhere: number
  /** The bubble ended with something else, and nothing followed. */
  early: number
  /** The bubble did not end, and nothing followed. */
  lost: number
  /** The whole answer came twice. */
  doubled: number
  /** Requests to the model. */
  calls: number
}

/** An answer that names its question, in some parts with pauses between them. */
export function slowAnswer(question: string, parts: number, pause: Pause): Scenario {
  const steps = Array.from({ length: parts }, (_, index) => [pause, `${question}-${index + 1} `]).flat()
  return scenarios.text(...steps, `${question}-end`)
}

/** Several instances with a real Redis behind a real nginx, which takes them in turn. */
export class Cluster {
  private readonly results: (Result & { text: string })[] = []

  private constructor(
    readonly redis: RedisServer,
    readonly gemini: Gemini,
    readonly wecom: Wecom,
    readonly instances: Instance[],
    readonly nginx: Nginx,
    /** Ends everything, the last started first. */
    readonly close: () => Promise<void>,
    private readonly env: Record<string, string>,
  ) {}

  /** If something does not start, what has been started is closed again. */
  static async start(
    count: number, env: Record<string, string> = {}, extras: Pick<InstanceOptions, 'files' | 'plugins'> = {},
  ): Promise<Cluster> {
    const started: { close(): Promise<void> }[] = []
    const close = async () => {
      for (const part of started.splice(0).reverse()) await part.close()
    }
    try {
      return await Cluster.startParts(count, { ...extras, env }, started, close)
    } catch (error) {
      await close()
      throw error
    }
  }

  private static async startParts(
    count: number,
    { env, ...extras }: InstanceOptions,
    started: { close(): Promise<void> }[],
    close: () => Promise<void>,
  ): Promise<Cluster> {
    const keep = <T extends { close(): Promise<void> }>(part: T): T => {
      started.push(part)
      return part
    }
    const redis = keep(await RedisServer.start())
    const gemini = keep(await createGemini())
    const wecom = keep(await createWecom({ encodingAESKey: credentials.WECOM_BOT_ENCODING_AES_KEY }))
    const settings = {
      ...credentials, GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url, REDIS_URL: redis.url,
      WECOM_BOT_API_ENDPOINT: wecom.origin, WECOM_BOT_TRUSTED_HOSTS: new URL(wecom.origin).host, ...env,
    }
    // One that does not start must not hide those that did.
    const starts = Array.from({ length: count }, () => Instance.start({ ...extras, env: settings }))
    const results = await Promise.allSettled(starts)
    const instances = results.flatMap(result => result.status === 'fulfilled' ? result.value : [])
    // Also those that were started again.
    for (const index of instances.keys()) keep({ close: () => kill(instances[index]) })
    for (const result of results) if (result.status === 'rejected') throw result.reason
    await Promise.all(instances.map(instance => instance.ready()))
    const servers = instances.map(({ port }) => `server 127.0.0.1:${port} max_fails=1 fail_timeout=1s;`).join(' ')
    const nginx = keep(await Nginx.start(`location / {
      proxy_pass http://instances;
      proxy_connect_timeout 1s;
      proxy_read_timeout 30s;
      proxy_next_upstream error timeout http_503 non_idempotent;
    }`, `upstream instances { ${servers} }`))
    return new Cluster(redis, gemini, wecom, instances, nginx, close, settings)
  }

  /** Stops an instance as an operator does, and starts it again in its folder. */
  async restart(index: number) {
    const before = this.instances[index]
    before.process.kill('SIGTERM')
    const code = await before.exited
    if (code !== 0) throw new Error(`the instance exited with ${code}:\n${before.output}`)
    this.instances[index] = await Instance.start({ env: this.env, after: before })
    await this.instances[index].ready()
  }

  /** A person, at one instance or, without it, at nginx. */
  client(userId: string, instance?: Instance, { withResponseUrl = true, pollInterval = 250 } = {}): WecomClient {
    const origin = instance ? `http://127.0.0.1:${instance.port}` : this.nginx.origin
    return new WecomClient({
      url: `${origin}/api/wecom/callback`,
      token: credentials.WECOM_BOT_TOKEN,
      encodingAESKey: credentials.WECOM_BOT_ENCODING_AES_KEY,
      pollInterval,
      // Not WeCom's five seconds: the specs also run on machines that are busy.
      timeout: 30_000,
      userId,
      ...withResponseUrl && { wecom: this.wecom },
    })
  }

  /** Asks, and watches the bubble to its end. */
  async ask(client: WecomClient, text: string): Promise<Result> {
    const result: Result = { seen: [], isFinished: false }
    for await (const { content, finish } of client.ask(text)) {
      result.seen.push(content)
      result.isFinished = finish
    }
    this.results.push({ text, ...result })
    return result
  }

  /** Forgets what happened so far. */
  reset() {
    for (const list of [this.results, this.gemini.requests, this.wecom.responses]) list.splice(0)
  }

  /** What became of the messages since `reset` that were answered by `slowAnswer`. */
  tally(): Tally {
    const sent = this.wecom.responses.map(({ body }) => JSON.stringify(body))
    const calls = this.questions.length
    const tally: Tally = { asked: 0, whole: 0, elsewhere: 0, early: 0, lost: 0, doubled: 0, calls }
    for (const { text, seen, isFinished } of this.results) {
      const isWhole = isFinished && seen.at(-1)!.endsWith(`${text}-end`)
      const times = sent.filter(each => each.includes(`${text}-end`)).length + Number(isWhole)
      tally.asked++
      if (times > 1) tally.doubled++
      if (isWhole) tally.whole++
      else if (times) tally.elsewhere++
      else if (isFinished) tally.early++
      else tally.lost++
    }
    return tally
  }

  /** What the bubbles showed that did not end with the whole answer, for the message of a failure. */
  get incomplete(): string[][] {
    return this.results.filter(({ text, seen, isFinished }) => !isFinished || !seen.at(-1)!.endsWith(`${text}-end`))
      .map(({ text, seen }) => [text, ...seen])
  }

  /** Questions that the model was asked, in order. */
  get questions(): string[] {
    return this.gemini.requests.filter(({ action }) => action === 'streamGenerateContent').map(({ question }) => question)
  }
}

/** Ends an instance at once, also one that was stopped by a signal. */
async function kill(instance: Instance) {
  instance.process.kill('SIGCONT')
  instance.process.kill('SIGKILL')
  await instance.close()
}
