import { SystemClock } from 'common/time'
import { Config } from '../config'
import { createEngines } from '../engine/create'
import enUS from '../locales/en-US.yml'
import zhCN from '../locales/zh-CN.yml'
import { KeyPool } from '../model/key-pool'
import { ModelList } from '../model/model-list'
import { keysOf, modelsOf, providersOf } from '../model/providers'
import { examine } from './examine'
import type { Finding } from './finding'

export { examine } from './examine'
export type { ExamineOptions } from './examine'
export { formatFinding, note, ok, problem } from './finding'
export type { Finding } from './finding'
export type { Message } from '../messages/i18n'

/** The texts that the messages of findings refer to, by locale. */
export const texts = { 'zh-CN': zhCN['gemini-chat'], 'en-US': enUS['gemini-chat'] }

/** Runs the checks of `examine` for some settings without Koishi, for programs of the command line. Never throws. */
export async function* examineSettings(settings: Partial<Config>): AsyncGenerator<Finding> {
  const config = new Config(settings as Config)
  const clock = new SystemClock()
  const providers = providersOf(config)
  const names = providers.map(({ name }) => name)
  const engine = createEngines(providers, config, () => {})
  const calendarOf = (provider: string) => engine.calendarOf(provider)
  try {
    yield* examine({
      config, providers, engine, clock,
      keyPool: new KeyPool(keysOf(providers), clock, engine.quotaCalendar, undefined, { names, calendarOf }),
      models: new ModelList(modelsOf(config, providers), { warn() {} }, { providers: names }),
      signal: new AbortController().signal,
    })
  } finally {
    engine.dispose()
    clock.dispose()
  }
}
