import { describeError } from 'common/errors'
import type { Session } from 'koishi'
import type { Question } from '../model/ask'
import { estimateContents, fitTurns } from '../conversation/tokens'
import { SEVERAL_SPEAKERS_PROMPT, fillSystemPrompt, speakerName } from '../conversation/system-prompt'
import { toContents } from '../conversation/turn'
import type { Turn } from '../conversation/turn'
import type { Content, EngineTool, ToolDeclaration } from '../engine/types'
import { TOOLS_PROMPT } from '../tools/prompt'
import type { Config } from '../config'
import type { QuestionContext } from './attachments'
import type { ChatContext } from './context'

/**
 * Builds the request: history and question, with the settings and the preferences of the conversation.
 * @param showThoughts whether to ask for summaries of the thoughts
 * @param toolDeclarations the tools that the model may call
 */
export async function buildQuestion(
  { context, key, session }: QuestionContext, turns: Turn[], question: Content, showThoughts: boolean,
  toolDeclarations: ToolDeclaration[] = [],
): Promise<Question> {
  const { preferences, clock, config, route } = context
  const { model, preset, search = config.search } = await preferences.load(key)
  const prompt = (preset !== undefined && config.presets[preset]) || config.instructions
  const variables = { date: new Date(clock.now()), user: speakerName(session), platform: session.platform }
  // The preferred model may take fewer tokens than those of the settings.
  const { inputTokenLimit = Infinity } = route.models.limitsOf(model ?? route.models.chosen[0] ?? '')
  const sent = fitTurns(turns, inputTokenLimit - estimateContents([question]))
  const system = [
    fillSystemPrompt(prompt, variables),
    key.startsWith('channel:') && SEVERAL_SPEAKERS_PROMPT,
    toolDeclarations.length > 0 && TOOLS_PROMPT,
    ...await addedPrompts(context, session),
  ]
  return {
    contents: [...toContents(sent), question],
    system: system.filter(Boolean).join('\n\n') || undefined,
    preferred: model,
    ...answerOptions(config, showThoughts),
    tools: enabledTools({ ...config, search }),
    ...toolDeclarations.length && { toolDeclarations },
  }
}

/** What other plugins add to the system prompt. A plugin whose addition fails adds nothing. */
export function addedPrompts(
  { promptParts, logger }: Pick<ChatContext, 'promptParts' | 'logger'>, session: Session,
): Promise<(string | undefined)[]> {
  return Promise.all([...promptParts].map(async (part) => {
    try {
      return (await part(session))?.trim()
    } catch (error) {
      logger.warn('a plugin could not make its addition to the system prompt: %s', describeError(error))
    }
  }))
}

type AnswerSettings = Pick<Config, 'thinking' | 'outputTokens'>

/**
 * Length and thinking as the settings have them; the engine fits them to the model.
 * @param summaries whether to ask for summaries of the thoughts
 */
export function answerOptions(
  { thinking: level, outputTokens }: AnswerSettings, summaries: boolean,
): Pick<Question, 'maxOutputTokens' | 'thinking'> {
  const thinking = { ...level !== 'default' && { level }, ...summaries && { summaries } }
  return {
    ...outputTokens && { maxOutputTokens: outputTokens },
    ...Object.keys(thinking).length && { thinking },
  }
}

type ToolSettings = Partial<Pick<Config, 'search' | 'urlContext' | 'codeExecution'>>

/** The tools that are switched on. */
export function enabledTools({ search, urlContext, codeExecution }: ToolSettings): EngineTool[] {
  return [
    ...search ? ['search' as const] : [],
    ...urlContext ? ['url-context' as const] : [],
    ...codeExecution ? ['code-execution' as const] : [],
  ]
}
