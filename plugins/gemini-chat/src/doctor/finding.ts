import type { Message } from '../messages/i18n'

/** What one check found. */
export interface Finding {
  /** `note`: neither good nor bad. */
  state: 'ok' | 'bad' | 'note'
  text: Message
  /** What to do about it. */
  hint?: Message
}

export const ok = (path: string, params?: object): Finding => ({ state: 'ok', text: [`doctor.${path}`, params] })

export const note = (path: string, params?: object, hint?: string): Finding => {
  return { state: 'note', text: [`doctor.${path}`, params], ...hint && { hint: [`doctor.hints.${hint}`] as Message } }
}

export const problem = (path: string, params: object, hint: string): Finding => {
  return { state: 'bad', text: [`doctor.${path}`, params], hint: [`doctor.hints.${hint}`] }
}

const marks = { ok: '✓', bad: '✗', note: '·' }

/**
 * Findings as people read them, a line for each and one for each hint.
 * @param say gives a message in their language, or in several, a line for each
 */
export function formatFinding({ state, text, hint }: Finding, say: (message: Message) => string): string {
  const indent = (lines: string, first: string) => {
    return lines.split('\n').map((line, index) => (index ? ' '.repeat(first.length) : first) + line)
  }
  return [...indent(say(text), `${marks[state]} `), ...hint ? indent(say(hint), '  → ') : []].join('\n')
}
