import type { h, Session } from 'koishi'
import { hasAuthority } from '../chat/authority'
import type { Chat } from '../chat/chat'
import { placeOf, scopes } from '../conversation/scope'
import type { Scope } from '../conversation/scope'
import { report } from '../messages/error-messages'
import { describeError } from '../util/describe-error'
import { menu, pick } from './menu'
import { bare, lookup } from '../model/model-list'
import { say, sentence } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** Words that take a choice back. */
const none = ['default', '默认']

/** What people call the ways to share a conversation, whatever language they are answered in. */
const scopeWords: Record<Scope, RegExp> = {
  'user-in-channel': /^(user-in-channel|每人一段)$/i,
  channel: /^(channel|全群共用|共用)$/i,
  user: /^(user|各群相通)$/i,
}

const searchWords: [RegExp, boolean | undefined][] = [
  [/^(on|开|打开|开启)$/i, true],
  [/^(off|关|关闭)$/i, false],
  [/^(default|默认)$/i, undefined],
]

/** Longer lists are cut: nobody reads them, and not every platform takes them. */
const MOST = 40

/** What can be chosen for a conversation, instead of what the settings say. */
export class Selection {
  constructor(private readonly chat: Chat) {}

  /**
   * Shows or changes the model: one of those in the settings, or, with the authority that the settings ask for, any
   * that can hold a conversation.
   */
  async model(session: Session, choice?: string): Promise<h[]> {
    const { choices, config, route: { models } } = this.chat.core
    const key = await this.chat.locate(session)
    const first = bare(config.model)
    if (choice && none.includes(choice)) {
      return this.choose(session, key, { model: undefined }, ['model.chosen', { name: first }])
    }
    const isFree = await this.isAllowed(session, config.modelAuthority)
    if (isFree) await this.list()
    const names = (isFree ? models.able : models.chosen).slice(0, MOST)
    const all = menu(names, name => models.isGone(name) ? sentence(session, 'model.gone') : '')
    if (!choice) {
      const { model = first } = await choices.load(key)
      return say(session, 'model.list', { current: model, all })
    }
    // Where nobody knows what there is, the one who runs the bot does.
    const model = pick(names, bare(choice))
      ?? (isFree && (models.able.includes(bare(choice)) || !models.isListed) ? bare(choice) : undefined)
    if (!model) return say(session, 'model.unknown', { name: choice, all })
    return this.choose(session, key, { model }, ['model.chosen', { name: model }])
  }

  /** Shows or changes the preset: one of those in the settings. */
  async preset(session: Session, choice?: string): Promise<h[]> {
    const { choices, config } = this.chat.core
    const key = await this.chat.locate(session)
    const names = Object.keys(config.presets)
    const all = menu(names)
    if (!all) return say(session, 'preset.none')
    if (!choice) {
      const { preset } = await choices.load(key)
      if (preset === undefined) return say(session, 'preset.list', { all })
      return say(session, 'preset.current', { current: preset, all })
    }
    if (none.includes(choice)) return this.choose(session, key, { preset: undefined }, ['preset.default'])
    const name = pick(names, choice)
    if (name === undefined) return say(session, 'preset.unknown', { name: choice, all })
    return this.choose(session, key, { preset: name }, ['preset.chosen', { name }])
  }

  /**
   * Shows how people share the conversation of a place, or changes it. Whoever changes it needs the authority that the
   * settings ask for.
   */
  async scope(session: Session, choice?: string): Promise<h[]> {
    const { choices, config } = this.chat.core
    if (session.isDirect) return say(session, 'scope.direct')
    const place = placeOf(session)
    const nameOf = (scope: Scope) => sentence(session, `scope.names.${scope}`)
    if (!choice) {
      const { scope = config.scope } = await choices.load(place)
      return say(session, 'scope.current', { current: nameOf(scope) })
    }
    const scope = scopes.find(scope => scopeWords[scope].test(choice))
    if (!scope && !none.includes(choice)) return say(session, 'scope.unknown', { name: choice })
    if (!await this.isAllowed(session, config.scopeAuthority)) return say(session, 'scope.forbidden')
    return this.choose(session, place, { scope }, ['scope.chosen', { name: nameOf(scope ?? config.scope) }])
  }

  /** Shows or switches whether the model may search the web in this conversation. */
  async search(session: Session, choice?: string): Promise<h[]> {
    const { choices, config } = this.chat.core
    const key = await this.chat.locate(session)
    if (!choice) {
      const { search = config.search } = await choices.load(key)
      return say(session, search ? 'search.current-on' : 'search.current-off')
    }
    const word = searchWords.find(([pattern]) => pattern.test(choice))
    if (!word) return say(session, 'search.unknown')
    const [, search] = word
    return this.choose(session, key, { search }, [search ?? config.search ? 'search.on' : 'search.off'])
  }

  /** If the lookup fails, deny. */
  private async isAllowed(session: Session, authority: number): Promise<boolean> {
    const { ctx, logger } = this.chat.core
    return hasAuthority(ctx, session, authority).catch((error) => {
      logger.warn('nobody knows who may choose: %s', describeError(error))
      return false
    })
  }

  /** Asks which models there are, unless that is known. */
  private async list() {
    const { life, logger, route } = this.chat.core
    await lookup({ ...this.chat.core, ...route, signal: life }).catch((error) => {
      logger.debug('the models could not be listed: %s', report(error))
    })
  }

  private async choose(session: Session, key: string, choice: object, message: Message): Promise<h[]> {
    const { choices, logger } = this.chat.core
    try {
      await choices.choose(key, choice)
      return say(session, ...message)
    } catch (error) {
      logger.warn('a choice could not be stored: %s', describeError(error))
      return say(session, 'errors.choice')
    }
  }
}
