import type { Clock } from 'common/time'
import type { Backend } from '../backend/types'

const HEARTBEAT_INTERVAL_MS = 5000
/** The first one may be answered before the server knows the subscription: what others tell in between is missed. */
const SECOND_HEARTBEAT_MS = 1000
const INSTANCE_TTL_MS = 15_000
const TOPIC = 'instances'

/** What an instance tells the others of itself. */
interface Change {
  instance: string
  isThere: boolean
}

export interface MembershipOptions {
  instance: string
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>
  /** The server does not answer at present: instances do not see each other. */
  isDegraded(): boolean
  /** Called when instances have come or gone, as far as the server answers. */
  changed(instances: readonly string[]): void
}

/**
 * The instances that are there. Each tells the others when it comes and when it begins to stop, and all look every five
 * seconds, because such a message may be lost, and an instance that dies sends none.
 */
export class Membership {
  /** Names, sorted. */
  instances: readonly string[]
  /** For each look that is in progress, what was heard meanwhile: its result may be older. */
  private readonly looks = new Set<Change[]>()
  private announced = ''
  private timer: unknown
  private isStarted = false
  private isLeaving = false
  private isDisposed = false
  private unsubscribe = () => {}

  constructor(private readonly backend: Backend, private readonly options: MembershipOptions) {
    this.instances = [options.instance]
  }

  /** Makes this instance known to the others. Resolves when it knows them. */
  async start() {
    if (this.isDisposed) return
    const isFirst = !this.isStarted
    this.isStarted = true
    if (isFirst) this.unsubscribe = this.backend.subscribe(TOPIC, message => this.hear(message))
    await this.join()
    this.schedule(isFirst ? SECOND_HEARTBEAT_MS : HEARTBEAT_INTERVAL_MS)
  }

  /** The server answers again, and may have forgotten all instances. */
  async restore() {
    if (this.isStarted && !this.isDisposed) await this.join()
  }

  /** This instance is about to stop: the others must not count on it from now on. It still sees them. */
  async leave() {
    if (this.isLeaving) return
    this.isLeaving = true
    this.instances = this.instances.filter(name => name !== this.options.instance)
    // In this order, and without waiting: those who look after the message do not find it any more.
    await Promise.all([this.backend.leave(this.options.instance), this.tell(false)])
  }

  async dispose() {
    this.isDisposed = true
    this.options.clock.clearTimeout(this.timer)
    this.unsubscribe()
    await this.leave()
  }

  private async join() {
    await this.look()
    if (!this.isLeaving) await this.tell(true)
  }

  private schedule(delayMs: number) {
    const { clock } = this.options
    clock.clearTimeout(this.timer)
    if (this.isDisposed) return
    this.timer = clock.setTimeout(() => void this.look().then(() => this.schedule(HEARTBEAT_INTERVAL_MS)), delayMs)
  }

  /** Asks who is there and, unless this instance is about to stop, says that it is. */
  private async look() {
    const { backend, isLeaving, options: { instance } } = this
    const heard: Change[] = []
    this.looks.add(heard)
    try {
      const found = await (isLeaving ? backend.living() : backend.heartbeat(instance, INSTANCE_TTL_MS))
      this.update(heard.reduce(applyChange, found))
    } finally {
      this.looks.delete(heard)
    }
  }

  private hear(message: string) {
    const change = parseChange(message)
    if (!change || change.instance === this.options.instance) return
    for (const heard of this.looks) heard.push(change)
    this.update(applyChange(this.instances, change))
  }

  private update(names: readonly string[]) {
    const { instance, isDegraded, changed } = this.options
    if (this.isDisposed) return
    this.instances = names.filter(name => !(this.isLeaving && name === instance)).sort()
    const text = this.instances.join(', ')
    if (this.isLeaving || isDegraded() || text === this.announced) return
    this.announced = text
    changed(this.instances)
  }

  private tell(isThere: boolean) {
    const change: Change = { instance: this.options.instance, isThere }
    return this.backend.publish(TOPIC, JSON.stringify(change))
  }
}

/** @returns `undefined` for a message of something else: an error would end the process */
function parseChange(message: string): Change | undefined {
  try {
    const { instance, isThere } = JSON.parse(message) as Partial<Change>
    if (typeof instance === 'string' && typeof isThere === 'boolean') return { instance, isThere }
  } catch {}
}

function applyChange(names: readonly string[], { instance, isThere }: Change): string[] {
  const others = names.filter(name => name !== instance)
  return isThere ? [...others, instance] : others
}
