import { Recent } from '../util/lru-map'
import type { Message } from '../messages/i18n'

/** Remembers which conversations know already that another model answers than the one that was chosen. */
export class Substitutes {
  private readonly known: Recent<string, string>

  /** @param capacity how many conversations are remembered */
  constructor(capacity = 1000) {
    this.known = new Recent(capacity)
  }

  /** @returns what to say, where it is news */
  notice(key: string, chosen: string, model: string): Message | undefined {
    const change = `${chosen} ${model}`
    const isKnown = this.known.get(key) === change
    if (chosen === model) this.known.delete(key)
    else this.known.set(key, change)
    if (chosen !== model && !isKnown) return ['model.changed', { chosen, name: model }]
  }
}
