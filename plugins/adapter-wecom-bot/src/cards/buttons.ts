import type { CardButton } from '../protocol/template-card'

/** A button as a plugin or the configuration describes it. */
export interface ButtonSpec {
  text: string
  /** Sent as a message of the person who clicks. */
  input?: string
  /** `button.id` of the event `interaction/button`; the text unless given. */
  id?: string
}

/** What the key of a clicked button stands for. */
export interface ButtonKey {
  /** `button.id` of the event `interaction/button`: the input where there is one. */
  id: string
  /** Sent as a message of the person who clicked. */
  input?: string
}

/** A prefix tells buttons that send a message from buttons that only report the click. */
const INPUT_PREFIX = 'i:'
const ID_PREFIX = 'b:'

/** The `key` of a button, which its click brings back. */
export function encodeButtonKey({ text, input, id }: ButtonSpec): string {
  return input ? INPUT_PREFIX + input : ID_PREFIX + (id ?? text)
}

/** Reads a `key`. Cards that a plugin sent whole have keys without a prefix; these are ids. */
export function decodeButtonKey(key: string): ButtonKey {
  if (key.startsWith(INPUT_PREFIX)) {
    const input = key.slice(INPUT_PREFIX.length)
    return { id: input, input }
  }
  return { id: key.startsWith(ID_PREFIX) ? key.slice(ID_PREFIX.length) : key }
}

/** The text that a click sends as a message; `undefined` where it only reports the click. */
export function inputOf({ key }: { key: string }): string | undefined {
  return decodeButtonKey(key).input
}

export function toCardButton({ text, input, id }: ButtonSpec): CardButton {
  return { text: text || id || input || '…', style: 1, key: encodeButtonKey({ text, input, id }) }
}
