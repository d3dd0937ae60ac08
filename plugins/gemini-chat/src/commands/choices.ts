import type { h, Session } from 'koishi'
import { hasAuthority } from '../util/authority'
import type { Chat } from '../chat/chat'
import { channelKeyOf, scopes } from '../conversation/scope'
import type { Scope } from '../conversation/scope'
import { operatorMessage } from '../messages/error-messages'
import { describeError } from 'common/errors'
import { formatMenu, pickFromMenu } from './menu'
import { modelName, refreshModels } from '../model/model-list'
import { localize, localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** Words that remove a choice. */
const resetWords = ['default', '默认']

/** Names of the scopes, in all languages. */
const scopeWords: Record<Scope, RegExp> = {
  'user-in-channel': /^(user-in-channel|每人一段)$/i,
  channel: /^(channel|全群共用|共用)$/i,
  user: /^(user|各群相通)$/i,
}

/** Words that switch the web search on, off, or back to the setting. */
const searchWords: [RegExp, boolean | undefined][] = [
  [/^(on|开|打开|开启)$/i, true],
  [/^(off|关|关闭)$/i, false],
  [/^(default|默认)$/i, undefined],
]

/** Longer lists are cut: they are hard to read, and some platforms refuse them. */
const MAX_LISTED_MODELS = 40

/** The commands that change preferences: model, preset, scope and web search. */
export class PreferenceCommands {
  constructor(private readonly chat: Chat) {}

  /**
   * Shows or changes the model of the conversation: one of the settings, or any chat model with the authority of
   * `modelAuthority`.
   */
  async model(session: Session, choice?: string): Promise<h[]> {
    const { preferences, config, route: { models } } = this.chat.context
    const key = await this.chat.conversationOf(session)
    const [first = ''] = models.chosen
    if (choice && resetWords.includes(choice)) {
      return this.choose(session, key, { model: undefined }, ['model.chosen', { name: first }])
    }
    const isFreeChoice = await this.isAllowed(session, 'gemini.model', config.modelAuthority)
    if (isFreeChoice) await this.refreshList()
    const names = (isFreeChoice ? models.chatModels : models.chosen).slice(0, MAX_LISTED_MODELS)
    const all = formatMenu(names, name => models.isGone(name) ? localizeText(session, 'model.gone') : '')
    if (!choice) {
      const { model = first } = await preferences.load(key)
      return localize(session, 'model.list', { current: model, all })
    }
    // Without a model list, trust the operator's choice.
    const isAvailable = (name: string) => !models.hasListOf(name) || models.chatModels.includes(name)
    const model = pickFromMenu(names, modelName(choice))
      ?? (isFreeChoice && isAvailable(modelName(choice)) ? modelName(choice) : undefined)
    if (!model) return localize(session, 'model.unknown', { name: choice, all })
    return this.choose(session, key, { model }, ['model.chosen', { name: model }])
  }

  /** Shows or changes the preset of the conversation. */
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
   * Shows how people share conversations in a group, or changes it, with the authority of `scopeAuthority`.
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
    if (!await this.isAllowed(session, 'gemini.scope', config.scopeAuthority)) return localize(session, 'scope.forbidden')
    return this.choose(session, place, { scope }, ['scope.chosen', { name: nameOf(scope ?? config.scope) }])
  }

  /** Shows or changes whether the model may search the web in the conversation. */
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
  private async isAllowed(session: Session, command: string, authority: number): Promise<boolean> {
    const { ctx, logger } = this.chat.context
    return hasAuthority(ctx, session, authority).catch((error) => {
      logger.warn('could not check authority for %s: %s', command, describeError(error))
      return false
    })
  }

  /** Fetches the list of models, unless it is fresh. Never throws. */
  private async refreshList() {
    const { disposed, logger, route } = this.chat.context
    await refreshModels({ ...this.chat.context, ...route, signal: disposed }).catch((error) => {
      logger.debug('could not list the models: %s', operatorMessage(error))
    })
  }

  private async choose(session: Session, key: string, choice: object, message: Message): Promise<h[]> {
    const { preferences, logger } = this.chat.context
    try {
      await preferences.update(key, choice)
      return localize(session, ...message)
    } catch (error) {
      logger.warn('could not store a preference: %s', describeError(error))
      return localize(session, 'errors.choice')
    }
  }
}
