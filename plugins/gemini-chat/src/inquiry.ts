import type { Session } from 'koishi'
import type { Question } from './ask'
import { fill } from './conversation/preset'
import { COMPANY, nameOf } from './conversation/speaker'
import { replay, type Turn } from './conversation/turn'
import type { Core } from './core'
import type { Content } from './engine/types'
import { generationOf } from './generation'
import { attach } from './media/attach'
import { noticeOf } from './media/notice'
import { toolsOf } from './tools'

/** Where a question is asked. */
export interface Occasion {
  core: Core
  session: Session
  /** Names the conversation. */
  key: string
}

/** A question with its files, as far as they could be taken. */
export interface Loaded {
  /** Nothing, when nothing is left to ask about. */
  content?: Content
  /** Names what was left out. */
  notice: string
}

/** Loads the files of a question. It never fails. */
export async function load({ core, session }: Occasion, question: Content, signal: AbortSignal): Promise<Loaded> {
  const { config, ctx, logger } = core
  try {
    const { content, refused, isBlank } = await attach(question, {
      limit: config.fileSize << 20,
      total: config.fileTotal << 20,
      timeout: config.fileTimeout,
      trusted: config.mediaHosts,
      internal: url => ctx.satori.handleInternalRoute('GET', url),
      signal,
    })
    for (const { message } of refused) logger.debug('a file was left out: %s', message)
    const notice = noticeOf(refused, session, { limit: config.fileSize, total: config.fileTotal })
    return { content: isBlank && refused.length ? undefined : content, notice }
  } catch {
    // It was stopped, as is about to be found out.
    return { content: question, notice: '' }
  }
}

/**
 * Puts a question after what was said before, with what was chosen for its conversation.
 * @param thoughtful whether summaries of the thoughts are asked for
 */
export async function compose(
  { core, key, session }: Occasion, turns: Turn[], question: Content, thoughtful: boolean,
): Promise<Question> {
  const { choices, clock, config } = core
  const { model, preset, search = config.search } = await choices.load(key)
  const prompt = (preset !== undefined && config.presets[preset]) || config.instructions
  const variables = { date: new Date(clock.now()), user: nameOf(session), platform: session.platform }
  return {
    contents: [...replay(turns), question],
    system: [fill(prompt, variables), key.startsWith('channel:') && COMPANY].filter(Boolean).join('\n\n') || undefined,
    preferred: model,
    generation: generationOf(config, thoughtful),
    tools: toolsOf({ ...config, search }),
  }
}
