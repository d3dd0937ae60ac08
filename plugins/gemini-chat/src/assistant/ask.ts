import { h } from 'koishi'
import type { Session } from 'koishi'
import { Reply } from '../answer/reply'
import { checkAdmission } from '../chat/admission'
import { loadAttachments } from '../chat/attachments'
import type { Chat } from '../chat/chat'
import type { ChatContext } from '../chat/context'
import { promptOf } from '../chat/prompt'
import { addedPrompts, answerOptions } from '../chat/request'
import { labelSpeaker } from '../conversation/system-prompt'
import type { Content, Part, ToolDeclaration } from '../engine/types'
import { isReference } from '../media/reference'
import { localizeText } from '../messages/i18n'
import { ask } from '../model/ask'
import type { AttemptResult, Question } from '../model/ask'
import { AnswerTools } from '../tool-calls/answer-tools'
import { TOOLS_PROMPT } from '../tools/prompt'
import { answerInRounds } from '../tools/rounds'
import { countTokens, recordUsage } from '../usage/record'
import { AskError } from './error'

export interface OutsideOptions {
  /** Who asks: their limits, rights and tools apply. Without it the question has no tools and no files. */
  session?: Session
  /** System instruction; none unless given. */
  system?: string
  /** Whether the model may call tools. */
  tools?: boolean
  signal?: AbortSignal
  /** Whom the tokens are counted for, where there is no session. */
  by: string
}

/**
 * Asks a question that belongs to no conversation, without showing the answer.
 * @throws {AskError} when a limit of the person refuses it
 */
export async function askOutside(
  context: ChatContext, question: string | h[], options: OutsideOptions,
): Promise<Reply> {
  const { config } = context
  const { session } = options
  const signal = AbortSignal.any([context.disposed, ...options.signal ? [options.signal] : []])
  const refusal = session && await checkAdmission(context, session)
  if (refusal) throw new AskError(localizeText(session, ...refusal))
  const asked = await loadQuestion(context, question, session, signal)
  const tools = session && options.tools !== false ? await AnswerTools.choose(context, session) : undefined
  const request = await requestOf(context, options, tools?.declarations ?? [])
  const record = recorder(context, options, signal)
  const reply = new Reply()
  let model: string | undefined
  const onAttempt = (attempt: AttemptResult) => {
    model = attempt.model
    record(attempt)
  }
  try {
    for await (const event of answerInRounds([asked], {
      maxRounds: tools ? config.toolRounds : 0,
      ask: (contents, mayCall) => ask(
        { ...request, contents, preferred: model, ...!mayCall && tools && { toolChoice: 'none' } },
        { ...context, signal, retries: config.requestRetries, onAttempt },
      ),
      signal,
      run: calls => tools!.run(calls, signal, request.toolDeclarations),
    })) reply.take(event)
  } catch (error) {
    reply.error = error
  }
  return reply
}

async function requestOf(
  context: ChatContext, { session, system }: OutsideOptions, toolDeclarations: ToolDeclaration[],
): Promise<Omit<Question, 'contents'>> {
  const added = session ? await addedPrompts(context, session) : []
  return {
    system: [system, toolDeclarations.length > 0 && TOOLS_PROMPT, ...added].filter(Boolean).join('\n\n') || undefined,
    ...answerOptions(context.config, false),
    ...toolDeclarations.length && { toolDeclarations },
  }
}

/** Returns a listener that counts the usage of attempts: for the person, or else for the plugin. */
function recorder(
  { usageStore }: ChatContext, { session, by }: OutsideOptions, signal: AbortSignal,
): (attempt: AttemptResult) => void {
  if (session) return recordUsage(usageStore, session, signal)
  return ({ model, usage, estimate, error }) => usageStore.add({ user: `plugin:${by}`, channel: 'plugin:', model }, {
    requests: 1,
    errors: error === undefined || signal.aborted ? 0 : 1,
    ...countTokens(usage, estimate),
  })
}

/**
 * Asks a question in the conversation that a session is part of, after those that wait there. The answer is stored, and
 * not shown.
 * @throws {AskError} when the question is refused
 */
export async function askInConversation(
  chat: Chat, session: Session, question: string | h[], signal?: AbortSignal,
): Promise<Reply> {
  const parts = partsOf(question)
  const key = await chat.conversationOf(session)
  const asked: Content = { role: 'user', parts: key.startsWith('channel:') ? labelSpeaker(parts, session) : parts }
  let reply: Reply | undefined
  const said = await chat.enqueue(session, key, (exchange, stop) => {
    reply = exchange.reply
    return exchange.run(asked, signal ? AbortSignal.any([stop, signal]) : stop)
  }, true)
  if (!reply || (said && reply.error === undefined)) throw new AskError(textOf(said))
  return reply
}

async function loadQuestion(
  context: ChatContext, question: string | h[], session: Session | undefined, signal: AbortSignal,
): Promise<Content> {
  const content: Content = { role: 'user', parts: partsOf(question) }
  if (!session) return { ...content, parts: content.parts.filter(part => !isReference(part)) }
  const { content: loaded, notice } = await loadAttachments({ context, session, key: '' }, content, signal)
  if (!loaded) throw new AskError(notice)
  return loaded
}

function partsOf(question: string | h[]): Part[] {
  const parts = promptOf(typeof question === 'string' ? [h.text(question)] : question, { quote: undefined, selfId: '' })
  if (!parts) throw new AskError('the question is empty')
  return parts
}

function textOf(elements: h[] = []) {
  return elements.map(element => element.toString(true)).join('') || 'the question was not answered'
}
