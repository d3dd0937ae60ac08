import type { Message } from '../messages/i18n'

/** The result of one check. */
export interface Finding {
  /** `note`: worth knowing, but not a problem. */
  state: 'ok' | 'problem' | 'note'
  text: Message
  /** What to do about it. */
  hint?: Message
}

/** @param path of the text below `doctor` in the locales */
export function ok(path: string, params?: object): Finding {
  return { state: 'ok', text: textOf(path, params) }
}

/** @param hint path of the advice below `doctor.hints` in the locales */
export function note(path: string, params?: object, hint?: string): Finding {
  return { state: 'note', text: textOf(path, params), ...hint && { hint: textOf(`hints.${hint}`) } }
}

/**
 * @param hint path of the advice below `doctor.hints` in the locales
 * @param hintParams what the advice names
 */
export function problem(path: string, params: object, hint: string, hintParams?: object): Finding {
  return { state: 'problem', text: textOf(path, params), hint: textOf(`hints.${hint}`, hintParams) }
}

function textOf(path: string, params?: object): Message {
  return [`doctor.${path}`, ...params ? [params] : []] as Message
}

const marks: Record<Finding['state'], string> = { ok: '✓', problem: '✗', note: '·' }

/**
 * A finding as text: a line, and another one for its hint.
 * @param localizeText gives the text of a message; several lines (for instance two languages) are indented alike
 */
export function formatFinding({ state, text, hint }: Finding, localizeText: (message: Message) => string): string {
  const lines = indent(localizeText(text), `${marks[state]} `)
  return [...lines, ...hint ? indent(localizeText(hint), '  → ') : []].join('\n')
}

function indent(text: string, prefix: string): string[] {
  return text.split('\n').map((line, index) => (index ? ' '.repeat(prefix.length) : prefix) + line)
}
