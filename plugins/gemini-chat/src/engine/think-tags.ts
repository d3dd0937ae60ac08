import type { EngineEvent } from './types'

/** A piece of text by what it is. `retract` says that all text so far was thoughts. */
export interface ThinkPiece {
  type: 'text' | 'thought' | 'retract'
  text: string
}

const OPENING = /^\s*<think(?:ing)?>/i
const CLOSING = /<\/think(?:ing)?>\s*/i

/** A piece of text that may become an opening or a closing tag. */
const PARTIAL_OPENING = /^\s*(<(t(h(i(n(k(i(n(g)?)?)?)?)?)?)?)?)?$/i
const PARTIAL_CLOSING = /<(\/(t(h(i(n(k(i(n(g)?)?)?)?)?)?)?)?)?$/i

/**
 * Tells thoughts from text where a relay writes both into one text, with tags between them. The opening tag may be
 * missing, because the prompt ended with it. Text and thoughts may come in pieces of any length.
 */
export class ThinkTags {
  private state: 'start' | 'thought' | 'unmarked' | 'answer' = 'start'
  /** What cannot be decided yet. */
  private held = ''
  /** The text since the start, while it may still turn out to be thoughts. */
  private unmarked = ''

  /** Adds text. @returns the pieces that are known by now */
  split(text: string): ThinkPiece[] {
    const whole = this.held + text
    this.held = ''
    switch (this.state) {
      case 'start': return this.begin(whole)
      case 'thought': return this.think(whole)
      case 'unmarked': return this.watch(whole)
      case 'answer': return pieces('text', whole)
      default: return this.state satisfies never
    }
  }

  /** Ends the text. @returns what was held back */
  end(): ThinkPiece[] {
    const { held } = this
    this.held = ''
    return pieces(this.state === 'thought' ? 'thought' : 'text', held)
  }

  private begin(whole: string): ThinkPiece[] {
    const [tag] = OPENING.exec(whole) ?? []
    if (tag) {
      this.state = 'thought'
      return this.think(whole.slice(tag.length))
    }
    if (whole.trim() && PARTIAL_OPENING.test(whole)) {
      this.held = whole
      return []
    }
    if (whole.trim()) this.state = 'unmarked'
    return this.watch(whole)
  }

  private think(whole: string): ThinkPiece[] {
    const close = CLOSING.exec(whole)
    if (!close) return this.hold('thought', whole)
    this.state = 'answer'
    return [...pieces('thought', whole.slice(0, close.index)), ...pieces('text', whole.slice(close.index + close[0].length))]
  }

  /** Text without an opening tag. A closing one in code, or after an opening one, is what the answer is about. */
  private watch(whole: string): ThinkPiece[] {
    const close = CLOSING.exec(whole)
    if (!close) {
      const pieces = this.hold('text', whole)
      for (const { text } of pieces) this.unmarked += text
      return pieces
    }
    const before = this.unmarked + whole.slice(0, close.index)
    this.state = 'answer'
    this.unmarked = ''
    if (/<think/i.test(before) || (before.match(/`/g)?.length ?? 0) % 2) return pieces('text', whole)
    return [
      ...pieces('text', whole.slice(0, close.index)), { type: 'retract', text: '' },
      ...pieces('text', whole.slice(close.index + close[0].length)),
    ]
  }

  private hold(type: 'text' | 'thought', whole: string): ThinkPiece[] {
    const index = whole.slice(-11).search(PARTIAL_CLOSING)
    const end = index < 0 ? whole.length : Math.max(0, whole.length - 11) + index
    this.held = whole.slice(end)
    return pieces(type, whole.slice(0, end))
  }
}

function pieces(type: 'text' | 'thought', text: string): ThinkPiece[] {
  return text ? [{ type, text }] : []
}

/** A piece of text as events: a part for the history, and what is shown. */
export function toEvents({ type, text }: ThinkPiece): EngineEvent[] {
  switch (type) {
    case 'text': return [{ type: 'part', part: { text } }, { type: 'text', text }]
    case 'thought': return [{ type: 'part', part: { text, thought: true } }, { type: 'thought', text }]
    case 'retract': return [{ type: 'retract' }]
    default: return type satisfies never
  }
}
