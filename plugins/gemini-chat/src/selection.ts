import type { h, Session } from 'koishi'
import type { Chat } from './chat'
import { placeOf, type Scope, scopes } from './conversation/scope'
import { describe } from './failure'
import { type Message, say, sentence } from './text'

/** Words that take a choice back. */
const none = ['default', '默认']

/** What can be chosen for a conversation, instead of what the settings say. */
export class Selection {
  constructor(private readonly chat: Chat) {}

  /** Shows or changes the model: one of those in the settings. */
  async model(session: Session, name?: string): Promise<h[]> {
    const { choices, config } = this.chat.core
    const models = [...new Set([config.model, ...config.fallbackModels])]
    const key = await this.chat.locate(session)
    if (!name) {
      const { model = config.model } = await choices.load(key)
      return say(session, 'model.list', { current: model, all: models.join(' ') })
    }
    const model = none.includes(name) ? undefined : name
    if (model && !models.includes(model)) return say(session, 'model.unknown', { name, all: models.join(' ') })
    return this.choose(session, key, { model }, ['model.chosen', { name: model ?? config.model }])
  }

  /** Shows or changes the preset: one of those in the settings. */
  async preset(session: Session, name?: string): Promise<h[]> {
    const { choices, config } = this.chat.core
    const key = await this.chat.locate(session)
    const all = Object.keys(config.presets).join(' ')
    if (!all) return say(session, 'preset.none')
    if (!name) {
      const { preset } = await choices.load(key)
      if (preset === undefined) return say(session, 'preset.list', { all })
      return say(session, 'preset.current', { current: preset, all })
    }
    if (none.includes(name)) return this.choose(session, key, { preset: undefined }, ['preset.default'])
    if (!Object.hasOwn(config.presets, name)) return say(session, 'preset.unknown', { name, all })
    return this.choose(session, key, { preset: name }, ['preset.chosen', { name }])
  }

  /**
   * Shows how people share the conversation of a place, or changes it. Whoever changes it needs the authority that the
   * settings ask for.
   */
  async scope(session: Session, name?: string): Promise<h[]> {
    const { choices, config } = this.chat.core
    if (session.isDirect) return say(session, 'scope.direct')
    const place = placeOf(session)
    const nameOf = (scope: Scope) => sentence(session, `scope.names.${scope}`)
    if (!name) {
      const { scope = config.scope } = await choices.load(place)
      return say(session, 'scope.current', { current: nameOf(scope) })
    }
    const scope = scopes.find(scope => scope === name || nameOf(scope) === name)
    if (!scope && !none.includes(name)) return say(session, 'scope.unknown', { name })
    if (!await this.isAllowed(session)) return say(session, 'scope.forbidden')
    return this.choose(session, place, { scope }, ['scope.chosen', { name: nameOf(scope ?? config.scope) }])
  }

  /** Without a database nobody has any authority. */
  private async isAllowed(session: Session): Promise<boolean> {
    const { ctx, config: { scopeAuthority } } = this.chat.core
    if (!scopeAuthority) return true
    if (!ctx.get('database')) return false
    const { authority } = await session.observeUser(['authority'])
    return authority >= scopeAuthority
  }

  private async choose(session: Session, key: string, choice: object, message: Message): Promise<h[]> {
    const { choices, logger } = this.chat.core
    try {
      await choices.choose(key, choice)
      return say(session, ...message)
    } catch (error) {
      logger.warn('a choice could not be stored: %s', describe(error))
      return say(session, 'errors.choice')
    }
  }
}
