import type { Session } from 'koishi'
import type { Turn } from '../conversation/turn'
import type { Content } from '../engine/types'
import { attachFiles } from '../media/attach'
import type { AttachOptions } from '../media/attach'
import { rejectedFilesNotice } from '../media/notice'
import { isReference } from '../media/reference'
import type { ChatContext } from './context'

/** Where a question is asked. */
export interface QuestionContext {
  context: ChatContext
  session: Session
  /** Names the conversation. */
  key: string
}

/** A question with its files, as far as they could be taken. */
export interface LoadedQuestion {
  /** Nothing, when nothing is left to ask about. */
  content?: Content
  /** Names what was left out. */
  notice: string
  /** Bytes that may still be loaded. */
  left: number
}

/** Milliseconds that files of earlier turns are waited for. */
const EARLIER_FILES_TIMEOUT_MS = 5000

/** Loads the files of a question. It never fails. */
export async function loadAttachments(
  { context, session }: QuestionContext, question: Content, signal: AbortSignal,
): Promise<LoadedQuestion> {
  const { config, logger } = context
  try {
    const { content, rejected, isBlank, left } = await attachFiles(question, attachOptions(context, signal))
    for (const { message } of rejected) logger.debug('a file was left out: %s', message)
    const notice = rejectedFilesNotice(rejected, session, { limit: config.fileSize, total: config.fileTotal })
    return { content: isBlank && rejected.length ? undefined : content, notice, left }
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
