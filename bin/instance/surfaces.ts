import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { Context } from 'koishi'
import type { ReportLine } from './bilingual'

/** What a Token is used by: an intelligent bot, a self-built app or a legacy group robot. */
export type Surface = 'aibot' | 'app' | 'robot'

export interface Sighting {
  surface: Surface
  /** ISO 8601. */
  at: string
}

/** Settings that decide what a self-built app can do. */
export interface AppSettings {
  corpId?: string
  agentId?: string
  secret?: string
}

declare module 'koishi' {
  interface Events {
    /** Emitted by koishi-plugin-adapter-wecom-bot. */
    'wecom-bot/surface'(surface: Surface, bot: { config: AppSettings & { token?: string } }): void
  }
}

/** Tokens are secrets, so the file has their hash. */
function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Remembers in a file what each Token was last used by, for the report at the next start. */
export class Surfaces {
  private sightings: Record<string, Sighting> = {}
  private writing: Promise<void> = Promise.resolve()

  constructor(private readonly file: string) {}

  /** A missing or damaged file counts as empty. */
  async load(): Promise<void> {
    try {
      this.sightings = JSON.parse(await readFile(this.file, 'utf8')) as Record<string, Sighting>
    } catch {
      this.sightings = {}
    }
  }

  of(token: string | undefined): Sighting | undefined {
    return token === undefined ? undefined : this.sightings[hash(token)]
  }

  /** @param changed called if a Token is used by another surface than before */
  watch(app: Context, changed: (surface: Surface, bot: { config: AppSettings }) => void): void {
    app.on('wecom-bot/surface', (surface, bot) => {
      const { token } = bot.config
      // A bot on a long connection has none.
      if (!token) return
      if (this.of(token)?.surface !== surface) changed(surface, bot)
      this.sightings[hash(token)] = { surface, at: new Date().toISOString() }
      this.writing = this.writing.then(() => writeFile(this.file, JSON.stringify(this.sightings))).catch(() => {
        // Without the file, the next report does not say what the Token was used by.
      })
    })
  }
}

/** Says what a Token is used by, and what that can do. */
export function describeSurface(surface: Surface, { corpId, agentId, secret }: AppSettings): ReportLine {
  switch (surface) {
    case 'aibot':
      return {
        mark: '✓',
        zh: '企业微信：这个 Token 最近由智能机器人使用：支持群聊、流式回复和卡片。',
        en: 'WeCom: this Token was last used by an intelligent bot: groups, streaming and cards work.',
      }
    case 'app':
      return corpId && agentId && secret
        ? {
            mark: '✓',
            zh: '企业微信：这个 Token 最近由自建应用使用：只有单聊，不支持流式回复；5 秒内没有完成的回答由应用发送。',
            en: 'WeCom: this Token was last used by a self-built app: direct chats only, without streaming; answers that '
              + 'take longer than 5 seconds are sent by the app.',
          }
        : {
            mark: '!',
            zh: '企业微信：这个 Token 最近由自建应用使用：只有单聊，不支持流式回复；5 秒内没有完成的回答送不到，'
              + '请设置 WECOM_CORP_ID、WECOM_AGENT_ID 和 WECOM_SECRET。',
            en: 'WeCom: this Token was last used by a self-built app: direct chats only, without streaming; answers that '
              + 'take longer than 5 seconds are lost. Set WECOM_CORP_ID, WECOM_AGENT_ID and WECOM_SECRET.',
          }
    case 'robot':
      return {
        mark: '✓',
        zh: '企业微信：这个 Token 最近由旧版群机器人使用：不支持流式回复和卡片，5 秒内没有完成的回答由它自己的地址发送。',
        en: 'WeCom: this Token was last used by a legacy group robot: no streaming, no cards; answers that take longer '
          + 'than 5 seconds are sent by its own address.',
      }
  }
}
