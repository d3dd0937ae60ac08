import type { Session } from 'koishi'
import type { Question } from '../model/ask'
import { estimateContents, fit } from '../conversation/tokens'
import { fill } from '../conversation/system-prompt'
import { COMPANY, nameOf } from '../conversation/speaker'
import { replay } from '../conversation/turn'
import type { Turn } from '../conversation/turn'
import type { Core } from './context'
import type { Content } from '../engine/types'
import { generationOf } from './generation'
import { attach } from '../media/attach'
import type { AttachOptions } from '../media/attach'
import { noticeOf } from '../media/notice'
import { isReference } from '../media/reference'
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
  /** Bytes that may still be loaded. */
  left: number
}

/** Milliseconds that files of earlier turns are waited for. */
const PATIENCE = 5000

/** Loads the files of a question. It never fails. */
export async function load({ core, session }: Occasion, question: Content, signal: AbortSignal): Promise<Loaded> {
  const { config, logger } = core
  try {
    const { content, refused, isBlank, left } = await attach(question, optionsOf(core, signal))
    for (const { message } of refused) logger.debug('a file was left out: %s', message)
    const notice = noticeOf(refused, session, { limit: config.fileSize, total: config.fileTotal })
    return { content: isBlank && refused.length ? undefined : content, notice, left }
  } catch {
    // It was stopped, as is about to be found out.
    return { content: question, notice: '', left: 0 }
  }
}

/**
 * Loads the files of the last turns once more, newest first, as far as they are still there: many send a picture, and
 * then ask about it. It never fails.
 * @param room how many bytes they may have together
 */
export async function revive(
  { core }: Occasion, turns: Turn[], room: number, signal: AbortSignal,
): Promise<Turn[]> {
  const { fileTimeout, fileTurns } = core.config
  const revived = [...turns]
  const options = optionsOf(core, signal)
  const timeout = Math.min(fileTimeout || PATIENCE, PATIENCE)
  for (let index = turns.length - 1; index >= Math.max(0, turns.length - fileTurns); index--) {
    const [question, ...answer] = turns[index].contents
    if (!question.parts.some(isReference)) continue
    const { content, left } = await attach(question, { ...options, timeout, total: room })
      .catch(() => ({ content: question, left: 0 }))
    revived[index] = { ...turns[index], contents: [content, ...answer] }
    room = left
  }
  return revived
}

function optionsOf({ config, ctx }: Core, signal: AbortSignal): AttachOptions {
  return {
    limit: config.fileSize << 20,
    total: config.fileTotal << 20,
    timeout: config.fileTimeout,
    trusted: config.mediaHosts,
    internal: url => ctx.satori.handleInternalRoute('GET', url),
    signal,
  }
}

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
