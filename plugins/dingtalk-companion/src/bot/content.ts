import { h } from 'koishi'
import type { MessageButton } from '../delivery/card-buttons'
import { toMarkdown } from '../render/elements'
import { withoutThoughts } from '../render/thoughts'
import type { MessageContent, TextState } from '../turn/message-content'

/** Characters of thoughts that a card shows, the newest ones. */
const MAX_THOUGHT_CHARACTERS = 500

/** The content of one message. */
export function contentOf(elements: h[]): MessageContent {
  const buttons = h.select(elements, 'button').map(buttonOf)
  return {
    text: toMarkdown(elements),
    state: stateOf(elements),
    thoughts: thoughtsOf(elements),
    ...buttons.length && { buttons },
  }
}

/** The state that the elements of a message declare. */
function stateOf(elements: h[]): TextState | undefined {
  const state = elements.findLast(({ type }) => type === 'markdown')?.attrs.state
  return ['processing', 'typing', 'failed'].includes(state) ? state : undefined
}

/** @see https://satori.js.org/protocol/elements.html */
function buttonOf({ attrs, children }: h): MessageButton {
  const { href, id, text, type } = attrs
  const label = h.select(children, 'text').map(({ attrs: { content } }) => content).join('')
  return {
    text: label || text || id || href || '',
    ...type === 'link' ? { href } : type === 'input' ? { input: text ?? label } : { id },
  }
}

/** What stands between `<think>` and `</think>`, complete or not. */
function thoughtsOf(elements: h[]): string | undefined {
  const source = elements.filter(({ type }) => type === 'markdown').map(({ children }) => rawText(children)).join('\n')
  if (!source.includes('<think>') || withoutThoughts(source) === source) return
  const [, start] = source.split(/^<think>[ \t]*\n?/m)
  const thoughts = start.split(/^<\/think>/m, 1)[0].trim()
  if (!thoughts) return
  return thoughts.length > MAX_THOUGHT_CHARACTERS ? `…${thoughts.slice(-MAX_THOUGHT_CHARACTERS)}` : thoughts
}

function rawText(elements: h[]): string {
  return elements.map(({ attrs, children, type }) => {
    return type === 'text' ? attrs.content : type === 'br' ? '\n' : rawText(children)
  }).join('')
}
