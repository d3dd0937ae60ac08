import { Schema } from 'koishi'
import type { Pace } from '../../gemini-chat/src/dingtalk/pace'

/** The settings for DingTalk. What they mean stands in `locales/`. */
export interface DingtalkConfig {
  streaming: Pace
  cardTemplateId?: string
  cardKey: string
  monthlyCalls: number
  silence: number
}

export const DingtalkConfig: Schema<DingtalkConfig> = Schema.object({
  streaming: Schema.union(['economy', 'live', 'off'] as const).role('radio').default('economy'),
  cardTemplateId: Schema.string(),
  cardKey: Schema.string().default('content'),
  monthlyCalls: Schema.natural().default(5000),
  silence: Schema.natural().role('ms').default(600_000),
})
