import { readFileSync, writeFileSync } from 'node:fs'
import timers from 'node:timers'

const SystemDate = Date
const { setTimeout: systemSetTimeout, setInterval: systemSetInterval, clearTimeout: systemClear } = globalThis

let wallOffset = 0
/** How much time has passed more than really did, in earlier processes of the instance, too. */
let passed = readPassed()

/** The time is kept in a file, because the launcher restarts the worker by itself. */
function readPassed(): number {
  try {
    return Number(readFileSync(process.env.ENDURE_PASSED!, 'utf8'))
  } catch {
    return 0
  }
}

interface Pending {
  /** By the monotonic clock, in milliseconds. */
  due: number
  run(): void
  isInterval: boolean
  delay: number
}

const pending = new Map<NodeJS.Timeout, Pending>()

const wallNow = () => SystemDate.now() + wallOffset + passed

const monotonicNow = performance.now.bind(performance)

globalThis.Date = new Proxy(SystemDate, {
  construct(target, args, newTarget) {
    return Reflect.construct(target, args.length ? args : [wallNow()], newTarget) as Date
  },
  apply: () => new SystemDate(wallNow()).toString(),
  get: (target, key) => key === 'now' ? wallNow : Reflect.get(target, key) as unknown,
})
performance.now = () => monotonicNow() + passed

type Callback = (...args: unknown[]) => void

function track(timer: NodeJS.Timeout, run: () => void, delay = 0, isInterval = false) {
  pending.set(timer, { due: performance.now() + delay, run, isInterval, delay })
  return timer
}

function clear(timer?: NodeJS.Timeout | string | number) {
  if (typeof timer === 'object') pending.delete(timer)
  systemClear(timer)
}

const replaced = {
  setTimeout: Object.assign((callback: Callback, delay?: number, ...args: unknown[]) => {
    const run = () => {
      pending.delete(timer)
      callback(...args)
    }
    const timer = systemSetTimeout(run, delay)
    return track(timer, run, delay)
  }, systemSetTimeout),
  setInterval(callback: Callback, delay?: number, ...args: unknown[]) {
    const run = () => callback(...args)
    return track(systemSetInterval(run, delay), run, delay, true)
  },
  clearTimeout: clear,
  clearInterval: clear,
}
Object.assign(globalThis, replaced)
Object.assign(timers, replaced)

/** Sets the wall clock so many milliseconds off the real time; no timer is affected. */
export function setClock(offsetMs: number) {
  wallOffset = offsetMs
}

/** Lets both clocks pass this time at once, and fires the timers that are due by then, in order. */
export function passTime(ms: number) {
  passed += ms
  writeFileSync(process.env.ENDURE_PASSED!, String(passed))
  const now = performance.now()
  const due = [...pending].filter(([, timer]) => timer.due <= now).sort(([, one], [, other]) => one.due - other.due)
  for (const [timer, entry] of due) {
    if (!pending.has(timer)) continue
    if (entry.isInterval) entry.due = now + entry.delay
    else systemClear(timer)
    entry.run()
  }
}

/** Timers that have neither fired nor been cleared. */
export function pendingTimers(): number {
  return pending.size
}
