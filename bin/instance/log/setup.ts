import { Logger } from 'koishi'

/** The section `logger` of koishi.yml. */
export interface LogConfig {
  levels?: number | Logger.LevelConfig
  showDiff?: boolean
  showTime?: boolean | string
}

/** Configures Koishi's terminal log as `koishi start` does. `KOISHI_LOG_LEVEL` overrides koishi.yml. */
export function setupLog({ levels, showDiff, showTime = true }: LogConfig = {}) {
  const base = Number(process.env.KOISHI_LOG_LEVEL || NaN)
  if (typeof levels === 'number') {
    Logger.levels.base = levels
  } else {
    Object.assign(Logger.levels, levels)
  }
  if (base >= 0) Logger.levels.base = base
  const [terminal] = Logger.targets
  terminal.showDiff = showDiff
  terminal.showTime = showTime === true ? 'yyyy-MM-dd hh:mm:ss' : showTime || undefined
  terminal.timestamp = Date.now()
}
