import type { Delimiters, Style } from './delimiters'
import type { HtmlTag } from './html'
import type { Target } from './links'

interface Span {
  /** Offsets in the text. */
  start: number
  end: number
}

/** The parts of a paragraph in order. Together they are the whole text. */
export type InlineToken = Span & (
  | { type: 'text' }
  /** A character that a backslash keeps from being markup. */
  | { type: 'escape', text: string }
  | { type: 'entity', text: string }
  | { type: 'code', text: string }
  /** A formula in LaTeX. */
  | { type: 'math', text: string, isDisplay: boolean }
  | { type: 'html', tag: HtmlTag }
  /** A web or mail address, bare or between angle brackets. */
  | { type: 'url', text: string, href: string }
  /** @property isHidden CommonMark would take the mark for text, or for the other side */
  | { type: 'mark', style: Style, isOpening: boolean, isHidden: boolean }
  | { type: 'link', isOpening: true, isImage: boolean, target: Omit<Target, 'end'> }
  | { type: 'link', isOpening: false, isImage: boolean, target: Omit<Target, 'end'> }
)

/** A token, or a run of marks that is not paired yet. */
export type InlineNode = InlineToken | { type: 'run', run: Delimiters } & Span
