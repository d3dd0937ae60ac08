import { SystemClock } from 'common/time'
import { Config } from '../config'
import { createGeminiEngine } from '../engine/gemini'
import { unavailableEngine } from '../engine/unavailable'
import enUS from '../locales/en-US.yml'
import zhCN from '../locales/zh-CN.yml'
import { KeyPool, parseKeys } from '../model/key-pool'
import { ModelList } from '../model/model-list'
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
  const engine = createEngine(config)
  try {
    yield* examine({
      config, engine, clock,
      keyPool: new KeyPool(parseKeys(config), clock, engine.quotaCalendar),
      models: new ModelList([config.model, ...config.fallbackModels], { warn() {} }),
      signal: new AbortController().signal,
    })
  } finally {
    engine.dispose()
    clock.dispose()
  }
}

function createEngine(config: Config) {
  try {
    return createGeminiEngine(config)
  } catch (error) {
    return unavailableEngine(error)
  }
}
