import { h } from 'koishi'
import type { Context, EffectScope, ForkScope } from 'koishi'
import type {} from '@koishijs/plugin-notifier'
import type { Override } from './overlay'

/** In both languages, of which the console shows one, see `packages/settings-form`. */
function noteOf(overrides: Override[]): h[] {
  const texts = [['zh', '来自环境变量，以环境变量为准：', '、'], ['en', 'From environment variables, which take precedence: ', ', ']]
  return texts.map(([lang, title, comma]) => h('p', { lang }, [
    h.text(title),
    ...overrides.flatMap(({ path, variable }, index) => [
      ...index ? [h.text(comma)] : [], h('code', path), h.text(' ← '), h('code', variable),
    ]),
  ]))
}

/**
 * Shows on the settings page of a plugin which of its settings come from environment variables.
 * @param overridesOf the variables of a running entry of koishi.yml
 * @returns shows them for an entry that the loader has just added
 */
export function showVariables(
  app: Context,
  forks: () => ForkScope[],
  overridesOf: (fork: EffectScope) => Override[],
): (fork: EffectScope) => void {
  const notes = new Map<EffectScope, { dispose(): void }>()
  const hide = (fork: EffectScope) => {
    notes.get(fork)?.dispose()
    notes.delete(fork)
  }
  const show = (fork: EffectScope) => {
    hide(fork)
    if (!fork.isActive) return
    const overrides = overridesOf(fork)
    const notifier = overrides.length ? fork.ctx.get('notifier') : undefined
    if (notifier) notes.set(fork, notifier.create({ type: 'primary', content: noteOf(overrides) }))
  }
  app.on('internal/status', show)
  // A note is taken from the notifier, so it has to go first.
  app.on('internal/before-service', (name, value) => {
    if (name === 'notifier' && !value) [...notes.keys()].forEach(hide)
  })
  app.inject(['notifier'], () => forks().forEach(show))
  return show
}
