import { Service } from 'koishi'
import type { Context, h, Session } from 'koishi'
import type { Reply } from '../answer/reply'
import type { Chat } from '../chat/chat'
import type { SystemPromptPart } from '../chat/context'
import { askInConversation, askOutside } from './ask'
import type { OutsideOptions } from './ask'
import { toTool } from './tool-options'
import type { ToolOptions } from './tool-options'

declare module 'koishi' {
  interface Context {
    assistant: Assistant
  }
}

export interface QuestionOptions extends Omit<OutsideOptions, 'session' | 'by'> {
  /** Who asks: their limits, rights and tools apply. Without it the question has no tools and no files. */
  session?: Session
  /** Whether question and answer belong to the conversation of the session. `system` and `tools` do not apply then. */
  conversation?: boolean
}

/** Provides `ctx.assistant` until the plugin is unloaded. */
export function provideAssistant(ctx: Context, chat: Chat) {
  ctx.provide('assistant')
  ctx.set('assistant', new Assistant(ctx, chat))
}

/** The service `assistant`: what other plugins can do with the assistant. What a plugin adds is removed with it. */
export class Assistant {
  /** Makes `ctx` the context of the plugin that uses the service. */
  readonly [Service.tracker] = { associate: 'assistant', property: 'ctx' }

  constructor(private readonly ctx: Context, private readonly chat: Chat) {}

  /**
   * Lets the model call a tool.
   * @returns removes the tool
   * @throws {ToolError} where the name, the schema or the time limit is wrong
   */
  tool<Args = Record<string, unknown>>(options: ToolOptions<Args>): () => void {
    const { chat: { context } } = this
    return this.ctx.effect(() => context.tools.add(toTool(options, context.config.toolTimeout)))
  }

  /**
   * Adds to the system prompt of all conversations.
   * @param text the addition, or what makes it for a session; an empty one adds nothing
   * @returns removes it
   */
  prompt(text: string | SystemPromptPart): () => void {
    const { chat: { context: { promptParts } } } = this
    const part: SystemPromptPart = typeof text === 'string' ? () => text : session => text(session)
    return this.ctx.effect(() => {
      promptParts.add(part)
      return () => promptParts.delete(part)
    })
  }

  /**
   * Asks the assistant, without showing the answer.
   * @param question a text, or elements with files
   * @returns the answer; `error` says what interrupted it
   * @throws {AskError} when the question is refused: by a limit, by a full queue, or without an API key
   */
  async ask(question: string | h[], { session, conversation, ...options }: QuestionOptions = {}): Promise<Reply> {
    if (session && conversation) return askInConversation(this.chat, session, question, options.signal)
    return askOutside(this.chat.context, question, { ...options, session, by: this.ctx.runtime.name ?? 'plugin' })
  }
}
