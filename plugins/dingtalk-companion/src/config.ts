import { group } from 'common/settings'
import { Schema } from 'koishi'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** `live`: about one frame a second. `economy`: four frames and the last. `off`: no cards. */
export type StreamingMode = 'live' | 'economy' | 'off'

/** Settings of one app. What is empty is as in the settings of all. */
export interface AppSettings {
  /** The client id, also called app key. */
  clientId: string
  cardTemplateId?: string
  /** Variable of the template that holds the text. */
  cardVariable?: string
}

/** Texts for the settings page are in `locales/`. */
export interface Config {
  streaming: StreamingMode
  /** The template of AI cards. Without one, the built-in one is used, or every message is a Markdown message. */
  cardTemplateId?: string
  /** Whether cards use a public template where the settings name none. */
  builtInCard: boolean
  /** Variable of the template that holds the text. */
  cardKey: string
  /** Whether text beyond what every client shows of a card follows in messages. */
  splitCards: boolean
  /** API calls per month; 0 is unlimited. */
  monthlyCalls: number
  /** Messages by webhook and over the Stream connection per month; 0 is unlimited. */
  monthlyMessages: number
  /** Whether answers in groups mention the person who asked. */
  mentionAsker: boolean
  /** Whether a message that is not answered at once gets a reaction until the answer is there. */
  reaction: boolean
  /** Whether it gets one as well where a card will show the answer. */
  reactionWithCards: boolean
  /** What a click on the stop button of a card says. */
  stopText: string
  /** Settings of single apps, where several run. */
  apps: AppSettings[]
  /** Milliseconds without a frame after which the Stream connection is opened again; 0 is never. */
  silence: number
}

export const Config: Schema<Config> = Schema.intersect([
  group({
    streaming: Schema.union(['economy', 'live', 'off'] as const).role('radio').default('economy'),
    mentionAsker: Schema.boolean().default(true),
    reaction: Schema.boolean().default(true),
  }),
  group({
    cardTemplateId: Schema.string(),
    cardKey: Schema.string().default('content'),
    builtInCard: Schema.boolean().default(true),
    stopText: Schema.string().default('停止'),
  }, { shownIf: { setting: 'streaming', isNot: 'off' } }),
  group({
    splitCards: Schema.boolean().default(true),
    reactionWithCards: Schema.boolean().default(true),
    apps: Schema.array(Schema.object({
      clientId: Schema.string().required(),
      cardTemplateId: Schema.string(),
      cardVariable: Schema.string(),
    })).role('table').default([]),
  }, { collapsed: true, shownIf: { setting: 'streaming', isNot: 'off' } }),
  group({
    monthlyCalls: Schema.natural().default(5000),
    monthlyMessages: Schema.natural().default(3000),
  }, { collapsed: true }),
  group({
    silence: Schema.natural().role('ms').default(600_000),
  }, { collapsed: true }),
]).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })

/** The settings of one app. */
export function settingsOf(config: Config, clientId: string): Config {
  const own = config.apps.find(app => app.clientId === clientId)
  return {
    ...config,
    cardTemplateId: own?.cardTemplateId || config.cardTemplateId,
    cardKey: own?.cardVariable || config.cardKey,
  }
}

const LIVE_FRAME_GAP_MS = 1000

/** Early frames matter most: the later ones only show that the answer is still growing. */
const ECONOMY_FRAME_GAPS_MS = [800, 2000, 5000, 12_000]

/**
 * Time to wait before the next frame of a card.
 * @param frames frames shown so far
 * @returns milliseconds; undefined when only the last frame is left
 */
export function frameGap(mode: StreamingMode, frames: number): number | undefined {
  switch (mode) {
    case 'live': return LIVE_FRAME_GAP_MS
    case 'economy': return ECONOMY_FRAME_GAPS_MS[frames]
    case 'off': return undefined
    default: return mode satisfies never
  }
}
