import type { Question } from '../model/ask'
import { estimateContents, fit } from '../conversation/tokens'
import { COMPANY, fill, nameOf } from '../conversation/system-prompt'
import { replay } from '../conversation/turn'
import type { Turn } from '../conversation/turn'
import type { Content } from '../engine/types'
import type { Config } from '../config'
import type { Occasion } from './attachments'

/**
 * Puts a question after what was said before, with what was chosen for its conversation.
 * @param thoughtful whether summaries of the thoughts are asked for
 */
export async function compose(
  { core, key, session }: Occasion, turns: Turn[], question: Content, thoughtful: boolean,
): Promise<Question> {
  const { choices, clock, config, route } = core
  const { model, preset, search = config.search } = await choices.load(key)
  const prompt = (preset !== undefined && config.presets[preset]) || config.instructions
  const variables = { date: new Date(clock.now()), user: nameOf(session), platform: session.platform }
  // What was chosen may take less than those of the settings.
  const { inputTokenLimit = Infinity } = route.models.limits(model ?? config.model)
  const sent = fit(turns, inputTokenLimit - estimateContents([question]))
  return {
    contents: [...replay(sent), question],
    system: [fill(prompt, variables), key.startsWith('channel:') && COMPANY].filter(Boolean).join('\n\n') || undefined,
    preferred: model,
    generation: generationOf(config, thoughtful),
    tools: toolsOf({ ...config, search }),
  }
}

type Settings = Pick<Config, 'thinking' | 'outputTokens'>
/**
 * `generationConfig` as the settings have it; the engine makes it fit the model.
 * @param thoughts whether summaries of the thoughts are asked for
 */
export function generationOf({ thinking, outputTokens }: Settings, thoughts: boolean): object {
  const thinkingConfig = {
    ...thinking !== 'default' && { thinkingLevel: thinking.toUpperCase() },
    ...thoughts && { includeThoughts: true },
  }
  return {
    ...outputTokens && { maxOutputTokens: outputTokens },
    ...Object.keys(thinkingConfig).length && { thinkingConfig },
  }
}

/** Tools that run at Google's. */
export interface Tools {
  /** https://ai.google.dev/gemini-api/docs/google-search */
  search?: boolean
  /** https://ai.google.dev/gemini-api/docs/url-context */
  urlContext?: boolean
  /** https://ai.google.dev/gemini-api/docs/code-execution */
  codeExecution?: boolean
}

/** The tools as they go over the wire. */
export function toolsOf({ search, urlContext, codeExecution }: Tools): object[] {
  return [
    ...search ? [{ googleSearch: {} }] : [],
    ...urlContext ? [{ urlContext: {} }] : [],
    ...codeExecution ? [{ codeExecution: {} }] : [],
  ]
}
