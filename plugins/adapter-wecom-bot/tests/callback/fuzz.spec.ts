import { equal, ok } from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Session } from 'koishi'
import type { WecomClient } from 'testkit'
import type { WecomBot } from '../../src'
import { systemClock as clock } from 'common/time'
import type { Attack } from '../support/attack'
import { Attacker, CORP } from '../support/attack'
import { Random } from '../support/random'
import type { World } from '../support/world'
import { createWorld } from '../support/world'

/** `npm run fuzz` runs many more. */
const ROUNDS = Number(process.env.FUZZ ?? 3000)
const PARALLEL = 16
/** WeCom's timeout for a reply. Milliseconds. */
const MAX_MS = 5000
/** Heap that a valid signature and a valid attachment may occupy, and random variation. Bytes. */
const KEPT = 1000
const NOISE = 4 << 20

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

describe('fuzzed callbacks', function() {
  this.timeout(60_000 + ROUNDS * 10)

  let world: World
  let bot: WecomBot
  let client: WecomClient
  let attacker: Attacker
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })
  const rejections: unknown[] = []
  const types = new Set<unknown>()
  const note = (reason: unknown) => void rejections.push(reason)
  const { now, monotonic } = clock
  /** How far the clock is ahead of real time. Milliseconds. */
  let later = 0

  before(async () => {
    process.on('unhandledRejection', note)
    Object.assign(clock, { now: () => now() + later, monotonic: () => monotonic() + later })
    world = await createWorld()
    world.app.on('internal/session', session => void types.add(typeof session.type))
    world.app.middleware(answer)
    bot = world.add({
      corpId: CORP,
      streamStyle: 'stream_with_template_card',
      cardButtons: [{ text: 'again', input: 'again' }],
      welcome: '你好',
      passiveReply: 100,
      maxTurns: 100_000,
      maxUserTurns: 100_000,
    }).bot
    // Shorter than the configuration allows, so that all turns end soon.
    Object.assign(bot.services.turns.context.options, { unclaimed: 300, retention: 300 })
    client = world.client({ now: () => clock.now() })
    attacker = new Attacker(client, world.wecom.origin, new Random(20261122))
  })

  after(async () => {
    agent.destroy()
    Object.assign(clock, { now, monotonic })
    await world.close()
    process.off('unhandledRejection', note)
  })

  /** Echoes every message, some of them late. */
  async function answer(session: Session) {
    if (session.timestamp % 5 === 0) await new Promise(resolve => setTimeout(resolve, 150))
    return session.elements
  }

  function send({ url, method, body, type }: Attack) {
    return new Promise<{ status: number, body: string, elapsed: number }>((resolve, reject) => {
      const began = performance.now()
      const call = request(url, { method, headers: type ? { 'content-type': type } : {}, agent }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => resolve({
          status: response.statusCode!,
          body: Buffer.concat(chunks).toString(),
          elapsed: performance.now() - began,
        }))
        response.on('error', reject)
      })
      call.on('error', reject)
      // For these methods Node sends a body without a length, which would be parsed as the next request.
      call.end(/GET|HEAD|DELETE|OPTIONS/.test(method) ? undefined : body)
    })
  }

  /** Number of replies by source, layer and status. */
  const seen = new Map<string, number>()
  const count = (key: string) => [...seen].reduce((sum, [name, times]) => name.startsWith(key) ? sum + times : sum, 0)

  async function attackTimes(rounds: number) {
    let left = rounds
    await Promise.all(Array.from({ length: PARALLEL }, async () => {
      while (left-- > 0) {
        const attack = attacker.next()
        const { status, body, elapsed } = await send(attack)
        const what = `${attack.source}, ${attack.layer}`
        const key = `${attack.source}/${attack.layer}/${status}`
        seen.set(key, (seen.get(key) ?? 0) + 1)
        ok(status < 500, `status ${status} for ${what}: ${attack.body}`)
        ok(elapsed < MAX_MS, `${elapsed} ms for ${what}: ${attack.body}`)
        ok(status === 200 || body.length < 20, `a refusal said too much: ${body}`)
      }
    }))
  }

  /** Waits until all turns are forgotten. @returns the heap in use */
  async function settle() {
    const { turns, concurrency } = bot.services
    const end = now() + 20_000
    while (turns.size && now() < end) await new Promise(resolve => setTimeout(resolve, 50))
    equal(turns.size, 0)
    equal(concurrency.size, 0)
    collect()
    return process.memoryUsage().heapUsed
  }

  it(`get ${ROUNDS} replies and no error, from every source and in every layer`, async () => {
    await attackTimes(Math.ceil(ROUNDS / 2))
    const before = await settle()
    await attackTimes(Math.floor(ROUNDS / 2))
    const growth = await settle() - before
    ok(growth < NOISE + ROUNDS / 2 * KEPT, `the heap grew by ${growth >> 10} KB in the second half`)
    equal(rejections.length, 0, String(rejections[0]))
  })

  it('are refused if they are malformed, and understood if they are not', () => {
    for (const source of ['bot', 'app', 'robot in XML', 'robot in JSON']) {
      const whole = count(`${source}/nothing/`)
      equal(count(`${source}/nothing/200`), whole, source)
      for (const [layer, least] of [['value', 4], ['plaintext', 50]] as const) {
        const [fine, all] = [count(`${source}/${layer}/200`), count(`${source}/${layer}/`)]
        ok(fine > all / least && fine < all, `${source}/${layer}: ${fine} of ${all}`)
      }
      for (const layer of ['header', 'ciphertext', 'envelope', 'query']) {
        ok(count(`${source}/${layer}/4`) > count(`${source}/${layer}/`) / 3, `${source}/${layer}`)
      }
      for (const layer of ['method', 'place']) equal(count(`${source}/${layer}/200`), 0, `${source}/${layer}`)
    }
  })

  it('are refused instead of failing', () => {
    const mistakes = world.log.lines.filter(line => /not answered|Error|undefined|\[object/.test(line))
    equal(mistakes.length, 0, mistakes[0])
    equal([...types].join(), 'string')
  })

  it('leave no state', async () => {
    const { attachments, webhooks } = bot.services
    ok(attachments.count > 0)
    later = 3600_000
    equal((await client.post(client.message('image', { url: `${world.wecom.origin}/media/x` }))).status, 200)
    equal(attachments.count, 1)
    equal(webhooks.waiting, 0)
    await settle()
  })

  it('do not keep people from being answered', async () => {
    const frames = []
    for await (const frame of client.ask('still there?')) frames.push(frame.content)
    equal(frames.at(-1), 'still there?')
  })
})
