import type { h, Session } from 'koishi'
import { hasAuthority } from '../chat/authority'
import type { Chat } from '../chat/chat'
import { channelKeyOf, scopes } from '../conversation/scope'
import type { Scope } from '../conversation/scope'
import { operatorMessage } from '../messages/error-messages'
import { describeError } from 'common/errors'
import { formatMenu, pickFromMenu } from './menu'
import { modelName, refreshModels } from '../model/model-list'
import { localize, localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** Words that take a choice back. */
const resetWords = ['default', '默认']

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
const MAX_LISTED_MODELS = 40

/** What can be chosen for a conversation, instead of what the settings say. */
export class PreferenceCommands {
  constructor(private readonly chat: Chat) {}

  /**
   * Shows or changes the model: one of those in the settings, or, with the authority that the settings ask for, any
   * that can hold a conversation.
   */
  async model(session: Session, choice?: string): Promise<h[]> {
    const { preferences, config, route: { models } } = this.chat.context
    const key = await this.chat.conversationOf(session)
    const first = modelName(config.model)
    if (choice && resetWords.includes(choice)) {
      return this.choose(session, key, { model: undefined }, ['model.chosen', { name: first }])
    }
    const isFree = await this.isAllowed(session, config.modelAuthority)
    if (isFree) await this.list()
    const names = (isFree ? models.chatModels : models.chosen).slice(0, MAX_LISTED_MODELS)
    const all = formatMenu(names, name => models.isGone(name) ? localizeText(session, 'model.gone') : '')
    if (!choice) {
      const { model = first } = await preferences.load(key)
      return localize(session, 'model.list', { current: model, all })
    }
    // Where nobody knows what there is, the one who runs the bot does.
    const model = pickFromMenu(names, modelName(choice))
      ?? (isFree && (models.chatModels.includes(modelName(choice)) || !models.isListed) ? modelName(choice) : undefined)
    if (!model) return localize(session, 'model.unknown', { name: choice, all })
    return this.choose(session, key, { model }, ['model.chosen', { name: model }])
  }

  /** Shows or changes the preset: one of those in the settings. */
  async preset(session: Session, choice?: string): Promise<h[]> {
    const { preferences, config } = this.chat.context
    const key = await this.chat.conversationOf(session)
    const names = Object.keys(config.presets)
    const all = formatMenu(names)
    if (!all) return localize(session, 'preset.none')
    if (!choice) {
      const { preset } = await preferences.load(key)
      if (preset === undefined) return localize(session, 'preset.list', { all })
      return localize(session, 'preset.current', { current: preset, all })
    }
    if (resetWords.includes(choice)) return this.choose(session, key, { preset: undefined }, ['preset.default'])
    const name = pickFromMenu(names, choice)
    if (name === undefined) return localize(session, 'preset.unknown', { name: choice, all })
    return this.choose(session, key, { preset: name }, ['preset.chosen', { name }])
  }

  /**
   * Shows how people share the conversation of a place, or changes it. Whoever changes it needs the authority that the
   * settings ask for.
   */
  async scope(session: Session, choice?: string): Promise<h[]> {
    const { preferences, config } = this.chat.context
    if (session.isDirect) return localize(session, 'scope.direct')
    const place = channelKeyOf(session)
    const nameOf = (scope: Scope) => localizeText(session, `scope.names.${scope}`)
    if (!choice) {
      const { scope = config.scope } = await preferences.load(place)
      return localize(session, 'scope.current', { current: nameOf(scope) })
    }
    const scope = scopes.find(scope => scopeWords[scope].test(choice))
    if (!scope && !resetWords.includes(choice)) return localize(session, 'scope.unknown', { name: choice })
    if (!await this.isAllowed(session, config.scopeAuthority)) return localize(session, 'scope.forbidden')
    return this.choose(session, place, { scope }, ['scope.chosen', { name: nameOf(scope ?? config.scope) }])
  }

  /** Shows or switches whether the model may search the web in this conversation. */
  async search(session: Session, choice?: string): Promise<h[]> {
    const { preferences, config } = this.chat.context
    const key = await this.chat.conversationOf(session)
    if (!choice) {
      const { search = config.search } = await preferences.load(key)
      return localize(session, search ? 'search.current-on' : 'search.current-off')
    }
    const word = searchWords.find(([pattern]) => pattern.test(choice))
    if (!word) return localize(session, 'search.unknown')
    const [, search] = word
    return this.choose(session, key, { search }, [search ?? config.search ? 'search.on' : 'search.off'])
  }

  /** If the lookup fails, deny. */
  private async isAllowed(session: Session, authority: number): Promise<boolean> {
    const { ctx, logger } = this.chat.context
    return hasAuthority(ctx, session, authority).catch((error) => {
      logger.warn('nobody knows who may choose: %s', describeError(error))
      return false
    })
  }

  /** Asks which models there are, unless that is known. */
  private async list() {
    const { disposed, logger, route } = this.chat.context
    await refreshModels({ ...this.chat.context, ...route, signal: disposed }).catch((error) => {
      logger.debug('the models could not be listed: %s', operatorMessage(error))
    })
  }

  private async choose(session: Session, key: string, choice: object, message: Message): Promise<h[]> {
    const { preferences, logger } = this.chat.context
    try {
      await preferences.update(key, choice)
      return localize(session, ...message)
    } catch (error) {
      logger.warn('a choice could not be stored: %s', describeError(error))
      return localize(session, 'errors.choice')
    }
  }
}
