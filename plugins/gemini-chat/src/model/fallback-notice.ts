import { LruMap } from 'common/collections'
import type { Message } from '../messages/i18n'

/** Announces once per conversation that another model answers than the chosen one, or that it cannot use tools. */
export class FallbackNotices {
  private readonly shown: LruMap<string, string>
  /** The model that cannot use tools, by conversation. */
  private readonly toolless: LruMap<string, string>

  /** @param capacity how many conversations are remembered */
  constructor(capacity = 1000) {
    this.shown = new LruMap({ capacity })
    this.toolless = new LruMap({ capacity })
  }

  /** @returns the notice that a model cannot use tools, unless this conversation has seen it */
  withoutTools(key: string, model: string): Message | undefined {
    if (this.toolless.get(key) === model) return
    this.toolless.set(key, model)
    return ['model.without-tools', { name: model }]
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
