import type { WireCallDelta } from './tool-calls'

/** What a chunk adds to the answer. The fields for thoughts are those of DeepSeek, of vLLM, and of Ollama. */
export interface WireDelta {
  content?: string | WireContentItem[] | null
  reasoning_content?: string | null
  reasoning?: string | null
  thinking?: string | null
  /** In place of an answer, a sentence why there is none. */
  refusal?: string | null
  tool_calls?: WireCallDelta[] | null
  /** The form of calls before `tool_calls`. */
  function_call?: WireCallDelta['function'] | null
}

/** Mistral writes lists of texts and thoughts. */
interface WireContentItem {
  type?: string
  text?: unknown
  thinking?: unknown
}

/** The text and the thoughts of a delta. */
export function readContent(delta: WireDelta): { text: string, thought: string } {
  const { content, reasoning_content: deepseek, reasoning: vllm, thinking: ollama, refusal } = delta
  const items = Array.isArray(content) ? content.map(readItem) : [{ text: textOf(content), thought: '' }]
  return {
    text: items.map(({ text }) => text).join('') || textOf(refusal),
    // Gateways repeat the thoughts under a second name.
    thought: textOf(deepseek) || textOf(vllm) || textOf(ollama) || items.map(({ thought }) => thought).join(''),
  }
}

function readItem(item: WireContentItem | null) {
  const { type, text, thinking } = item ?? {}
  if (type !== 'thinking') return { text: textOf(text), thought: '' }
  const inner = Array.isArray(thinking) ? thinking.map(each => textOf((each as WireContentItem | null)?.text)).join('') : ''
  return { text: '', thought: inner || textOf(thinking) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
