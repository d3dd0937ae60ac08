import type { Session } from 'koishi'
import type { Turn } from '../conversation/turn'
import type { Content } from '../engine/types'
import { attachFiles } from '../media/attach'
import type { AttachOptions } from '../media/attach'
import { rejectedFilesNotice } from '../media/notice'
import { isReference } from '../media/reference'
import type { ChatContext } from './context'

/** A question's surroundings: services, session and conversation. */
export interface QuestionContext {
  context: ChatContext
  session: Session
  /** Key of the conversation. */
  key: string
}

/** A question with the bytes of its files. */
export interface LoadedQuestion {
  /** Undefined if nothing is left to ask about. */
  content?: Content
  /** The question for the history: with references, and with the names of its files as far as they are known. */
  named: Content
  /** A line for the reader that names the files left out; empty if there are none. */
  notice: string
  /** Bytes that files of earlier turns may still have. */
  left: number
}

/** Files of earlier turns are often gone, and the answer should not wait for them. */
const EARLIER_FILES_TIMEOUT_MS = 5000

/** Loads the files of a question. Never throws. */
export async function loadAttachments(
  { context, session }: QuestionContext, question: Content, signal: AbortSignal,
): Promise<LoadedQuestion> {
  const { config, logger } = context
  try {
    const { content, named, rejected, isBlank, left } = await attachFiles(question, attachOptions(context, signal))
    for (const { message } of rejected) logger.debug('could not read an attached file, leaving it out: %s', message)
    const notice = rejectedFilesNotice(rejected, session, { limit: config.fileSize, total: config.fileTotal })
    return { content: isBlank && rejected.length ? undefined : content, named, notice, left }
  } catch {
    // The question was stopped; the engine reports that next.
    return { content: question, named: question, notice: '', left: 0 }
  }
}

/**
 * Loads the files of the last turns again, newest first, as far as the platform still has them, because people often
 * send a picture first and ask about it later. Never throws.
 * @param room bytes that they may have together
 */
export async function reloadEarlierAttachments(
  { context }: QuestionContext, turns: Turn[], room: number, signal: AbortSignal,
): Promise<Turn[]> {
  const { fileTimeout, fileTurns } = context.config
  const revived = [...turns]
  const options = attachOptions(context, signal)
  const timeout = Math.min(fileTimeout || EARLIER_FILES_TIMEOUT_MS, EARLIER_FILES_TIMEOUT_MS)
  for (let index = turns.length - 1; index >= Math.max(0, turns.length - fileTurns); index--) {
    const [question, ...answer] = turns[index].contents
    if (!question.parts.some(isReference)) continue
    const { content, left } = await attachFiles(question, { ...options, timeout, total: room })
      .catch(() => ({ content: question, left: 0 }))
    revived[index] = { ...turns[index], contents: [content, ...answer] }
    room = left
  }
  return revived
}

function attachOptions({ config, ctx }: ChatContext, signal: AbortSignal): AttachOptions {
  return {
    limit: config.fileSize << 20,
    total: config.fileTotal << 20,
    timeout: config.fileTimeout,
    trusted: config.mediaHosts,
    internal: url => ctx.satori.handleInternalRoute('GET', url),
    signal,
  }
}
