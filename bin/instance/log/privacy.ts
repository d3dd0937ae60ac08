import { Logger } from 'koishi'

const databases = new Set(['sqlite', 'node-sqlite', 'mysql', 'postgres', 'mongo', 'database'])

/** The beginning of an SQL statement, up to the name of the table. */
const statement = /^\s*\w+(?:\s+(?:INTO|FROM|TABLE|OR|REPLACE|IGNORE)\b)*\s+[`"[]?[\w.]+[`"\]]?/i

/**
 * Removes the text of messages from what Koishi logs on failures: database drivers log statements with their values,
 * and Koishi logs the message for which a command or middleware failed.
 * @param name the name of the logger
 * @param args the arguments of its method
 */
export function withoutMessageText(name: string, args: unknown[]): unknown[] {
  const [format, value] = args
  if (databases.has(name) && format === '> %s') {
    return ['> %s … (values not logged)', statement.exec(String(value))?.[0] ?? '']
  }
  if ((name === 'session' || name === 'command') && args.length === 1 && typeof format === 'string') {
    const stack = /(?:^|\n)([\w$.]*(?:Error|Exception)\b.*\n\s+at [^]*)$/.exec(format)
    if (stack) return [`(message not logged)\n${stack[1]}`]
  }
  return args
}

interface Formatter {
  name: string
  format(target: Logger.Target, ...args: unknown[]): string
}

/** Removes message texts from the output of all loggers. */
export function setupLogPrivacy() {
  const prototype = Logger.prototype as unknown as Formatter
  const { format } = prototype
  prototype.format = function(target, ...args) {
    return format.call(this, target, ...withoutMessageText(this.name, args))
  }
}
