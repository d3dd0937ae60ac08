import { h } from 'koishi'
import type { Context, Dict } from 'koishi'

export type NoteType = 'primary' | 'success' | 'warning' | 'danger'

/** The texts of notes by name. A text may contain `{parameters}` and parts in backquotes, which are shown as code. */
export interface NoteTexts {
  zh: Dict<string>
  en: Dict<string>
}

/** The part of koishi's notifier that is used here. */
interface Notifier {
  create(options: { type: NoteType, content: h[] }): { dispose(): void }
}

function paragraph(lang: 'zh' | 'en', text: string, parameters: Dict<string>): h {
  const parts = text.replace(/\{(\w+)\}/g, (whole, name: string) => parameters[name] ?? whole).split('`')
  return h('p', { lang }, parts.map((part, index) => index % 2 ? h('code', part) : h.text(part)))
}

/**
 * The note above the settings of a plugin, where the console has notes. It holds its text in both languages, of which
 * the console of this project shows one.
 */
export class SettingsNote {
  private shown?: { dispose(): void }
  private options?: { type: NoteType, content: h[] }
  private key = ''

  constructor(private readonly ctx: Context, private readonly texts: NoteTexts) {
    ctx.inject(['notifier'], () => this.refresh())
    // A note is taken from the notifier, so it has to go first.
    ctx.on('internal/before-service', (name, value) => {
      if (name === 'notifier' && !value) this.remove()
    })
  }

  /** Replaces the note. */
  show(type: NoteType, name: string, parameters: Dict<string> = {}): void {
    const key = JSON.stringify([type, name, parameters])
    if (key === this.key) return
    this.key = key
    const { zh, en } = this.texts
    this.options = { type, content: [paragraph('zh', zh[name]!, parameters), paragraph('en', en[name]!, parameters)] }
    this.refresh()
  }

  /** Shows no note. */
  clear(): void {
    this.key = ''
    this.options = undefined
    this.remove()
  }

  private refresh() {
    this.remove()
    const notifier = this.options && this.ctx.get('notifier' as never) as Notifier | undefined
    if (notifier) this.shown = notifier.create(this.options!)
  }

  private remove() {
    this.shown?.dispose()
    this.shown = undefined
  }
}
