import type { Question } from '../model/ask'
import { estimateContents, fitTurns } from '../conversation/tokens'
import { SEVERAL_SPEAKERS_PROMPT, fillSystemPrompt, speakerName } from '../conversation/system-prompt'
import { toContents } from '../conversation/turn'
import type { Turn } from '../conversation/turn'
import type { Content } from '../engine/types'
import type { Config } from '../config'
import type { QuestionContext } from './attachments'

/**
 * Puts a question after what was said before, with what was chosen for its conversation.
 * @param thoughtful whether summaries of the thoughts are asked for
 */
export async function buildQuestion(
  { context, key, session }: QuestionContext, turns: Turn[], question: Content, thoughtful: boolean,
): Promise<Question> {
  const { preferences, clock, config, route } = context
  const { model, preset, search = config.search } = await preferences.load(key)
  const prompt = (preset !== undefined && config.presets[preset]) || config.instructions
  const variables = { date: new Date(clock.now()), user: speakerName(session), platform: session.platform }
  // What was chosen may take less than those of the settings.
  const { inputTokenLimit = Infinity } = route.models.limitsOf(model ?? config.model)
  const sent = fitTurns(turns, inputTokenLimit - estimateContents([question]))
  return {
    contents: [...toContents(sent), question],
    system: [fillSystemPrompt(prompt, variables), key.startsWith('channel:') && SEVERAL_SPEAKERS_PROMPT].filter(Boolean).join('\n\n') || undefined,
    preferred: model,
    generation: generationConfig(config, thoughtful),
    tools: buildTools({ ...config, search }),
  }
}

type GenerationSettings = Pick<Config, 'thinking' | 'outputTokens'>
/**
 * `generationConfig` as the settings have it; the engine makes it fit the model.
 * @param thoughts whether summaries of the thoughts are asked for
 */
export function generationConfig({ thinking, outputTokens }: GenerationSettings, thoughts: boolean): object {
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
export interface ToolSettings {
  /** https://ai.google.dev/gemini-api/docs/google-search */
  search?: boolean
  /** https://ai.google.dev/gemini-api/docs/url-context */
  urlContext?: boolean
  /** https://ai.google.dev/gemini-api/docs/code-execution */
  codeExecution?: boolean
}

/** The tools as they go over the wire. */
export function buildTools({ search, urlContext, codeExecution }: ToolSettings): object[] {
  return [
    ...search ? [{ googleSearch: {} }] : [],
    ...urlContext ? [{ urlContext: {} }] : [],
    ...codeExecution ? [{ codeExecution: {} }] : [],
  ]
}
