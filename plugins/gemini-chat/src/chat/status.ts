import type { Context } from 'koishi'
import type { ConversationQueue } from '../conversation/queue'
import type { ChatContext } from './context'

declare module 'koishi' {
  interface Events {
    /** Emitted by koishi-plugin-assistant-status: adds how a plugin is at this moment. */
    'assistant-status/now'(parts: object[]): void
  }
}

/** Tells koishi-plugin-assistant-status about questions and keys. No key is part of it, only its last characters. */
export function reportStatus(
  ctx: Context, { config, route }: Pick<ChatContext, 'config' | 'route'>, queue: Pick<ConversationQueue, 'size' | 'waiting'>,
) {
  ctx.on('assistant-status/now', parts => void parts.push({
    source: 'gemini-chat',
    model: config.model,
    answering: queue.size,
    waiting: queue.waiting,
    keys: route.keyPool.status(),
  }))
}
