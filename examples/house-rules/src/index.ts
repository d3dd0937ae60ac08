import { Schema } from 'koishi'
import type { Context } from 'koishi'
import type {} from 'koishi-plugin-gemini-chat'

export const name = 'house-rules'

export interface Config {
  rule: string
}

export const Config: Schema<Config> = Schema.object({
  rule: Schema.string().role('textarea').default('Answer in three sentences at most. 回答不超过三句话。'),
})

export function apply(ctx: Context, { rule }: Config) {
  ctx.on('gemini/before-request', (question) => {
    question.system = `${question.system ?? ''}\n${rule}`
  })
  ctx.on('gemini/outcome', (outcome, session) => {
    ctx.logger('house-rules').info('%s: %s, %d ms', session.userId, outcome.result, outcome.ms)
  })
}
