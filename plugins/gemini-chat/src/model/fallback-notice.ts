import { LruMap } from 'common/collections'
import type { Message } from '../messages/i18n'

/** Announces once per conversation that another model answers than the chosen one. */
export class FallbackNotices {
  private readonly shown: LruMap<string, string>

  /** @param capacity how many conversations are remembered */
  constructor(capacity = 1000) {
    this.shown = new LruMap({ capacity })
  }

  /** @returns the notice, unless this conversation has seen it or the chosen model answered */
  notice(key: string, chosen: string, model: string): Message | undefined {
    const change = `${chosen} ${model}`
    const isKnown = this.shown.get(key) === change
    if (chosen === model) this.shown.delete(key)
    else this.shown.set(key, change)
    if (chosen !== model && !isKnown) return ['model.changed', { chosen, name: model }]
  }
}
