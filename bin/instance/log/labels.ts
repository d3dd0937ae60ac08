import { Logger } from 'koishi'

/** Names of loggers, and the platform that their lines are about, as operators search for it. */
const PLATFORMS: Record<string, string> = {
  'wecom-bot': '企业微信',
  dingtalk: '钉钉',
  'dingtalk-companion': '钉钉',
}

/** A line of a logger, beginning with the platform that it is about. */
export function withPlatform(name: string, line: string): string {
  const label = PLATFORMS[name]
  return label && !line.startsWith(label) ? `${label} ${line}` : line
}

interface Formatter {
  name: string
  format(target: Logger.Target, ...args: unknown[]): string
}

/** Lets the lines of a platform be found by its name. */
export function setupLogLabels() {
  const prototype = Logger.prototype as unknown as Formatter
  const { format } = prototype
  prototype.format = function(target, ...args) {
    return withPlatform(this.name, format.call(this, target, ...args))
  }
}
