import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Wecom } from 'testkit'
import { WecomClient, createWecom } from 'testkit'
import { until } from 'common/testing'
import { MAX_SAVE_DELAY_MS } from '../../src/storage/streams'
import { createFolder } from '../support/database'
import type { Lateness } from '../support/growing-answers'
import { encodingAESKey, token } from '../support/world'

const KILLS = 4
const STREAMS = 20
const TIMER_RESOLUTION_MS = 10
/** At which the process tells how late it is. */
const LATENESS_INTERVAL_MS = 20

/** What a poll has shown, and when its response arrived. */
interface Shown {
  at: number
  content: string
}

describe('a killed process', () => {
  const preload = ['esbuild-register', 'yml-register'].flatMap(name => ['-r', name])
  const script = join(__dirname, '../support/growing-answers.ts')
  let folder: Awaited<ReturnType<typeof createFolder>>
  let wecom: Wecom
  let child: ChildProcess | undefined

  before(async () => {
    folder = await createFolder()
    wecom = await createWecom()
  })

  afterEach(() => void child?.kill('SIGKILL'))

  after(async () => {
    await wecom.close()
    await folder.remove()
  })

  /** On a busy machine timers are late, in the other process as in this one. */
  const lateness = monitorEventLoopDelay({ resolution: TIMER_RESOLUTION_MS })
  before(() => void lateness.enable())
  after(() => void lateness.disable())

  /** The lateness of the process, and when it was heard of last. */
  let childLateMs = 0
  let heardAt = 0

  /** Within which time the process saves what was shown, in milliseconds. */
  function saveDelayMs() {
    const ownLateMs = lateness.max / 1e6 - TIMER_RESOLUTION_MS
    const silentMs = performance.now() - heardAt - LATENESS_INTERVAL_MS
    return MAX_SAVE_DELAY_MS + Math.max(0, Math.max(ownLateMs, childLateMs, silentMs) - TIMER_RESOLUTION_MS)
  }

  async function start(): Promise<WecomClient> {
    child = fork(script, [join(folder.path, 'koishi.db')], { execArgv: preload, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const [url] = await once(child, 'message')
    childLateMs = 0
    heardAt = performance.now()
    child.on('message', ({ lateMs }: Lateness) => {
      childLateMs = lateMs
      heardAt = performance.now()
    })
    return new WecomClient({ url, token, encodingAESKey, wecom })
  }

  /** Polls a stream until the process is gone. */
  async function watch(client: WecomClient, id: string, frames: Shown[]) {
    try {
      for (;;) {
        const { content } = (await client.poll(id)).reply!.stream!
        // While there is no text, WeCom shows its loading animation.
        if (content !== '<think></think>') frames.push({ at: performance.now(), content: content! })
        await new Promise(resolve => setTimeout(resolve, 30))
      }
    } catch {
      // The process is gone.
    }
  }

  it(`takes back nothing that was shown for ${MAX_SAVE_DELAY_MS} ms, in ${KILLS * STREAMS} streams`, async function() {
    this.timeout(180_000)
    let client = await start()
    for (let kill = 0; kill < KILLS; kill++) {
      const posts = Array.from({ length: STREAMS }, () => client.post(client.text('count')))
      const ids = (await Promise.all(posts)).map(({ reply }) => reply!.stream!.id)
      const shown = ids.map((): Shown[] => [])
      const watching = Promise.all(ids.map((id, index) => watch(client, id, shown[index])))
      const isDue = (frames: Shown[]) => frames.some(({ at }) => at <= performance.now() - saveDelayMs())
      await until(() => shown.every(isDue))
      await new Promise(resolve => setTimeout(resolve, 37 * kill))
      const dueAt = performance.now() - saveDelayMs()
      child!.kill('SIGKILL')
      await watching
      client = await start()
      for (const [index, id] of ids.entries()) {
        const due = shown[index].filter(({ at }) => at <= dueAt)
        const kept = (await client.poll(id)).reply!.stream!
        assert.equal(kept.finish, true)
        const last = due.at(-1)?.content ?? ''
        assert.ok(kept.content!.startsWith(last), `kept "${kept.content}" of "${last}"`)
      }
    }
  })
})
