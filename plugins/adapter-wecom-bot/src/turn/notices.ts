import type { Context } from 'koishi'
import type { Notices } from './bubble'

/** The adapter's own sentences, in the instance's language; users can override them like any other text. */
export function createNotices(ctx: Context): Notices {
  const text = (key: string, params: unknown[] = []) => {
    return ctx.i18n.render([], [`wecom-bot.notice.${key}`], params)!.map(element => element.toString(true)).join('')
  }
  return {
    get later() { return text('later') },
    get cutOff() { return text('cut-off') },
    get continued() { return text('continued') },
    get complete() { return text('complete') },
    unconfirmed: count => text('unconfirmed', [count]),
    lost: count => text('lost', [count]),
    get elsewhere() { return text('elsewhere') },
    get silent() { return text('silent') },
    get forgotten() { return text('forgotten') },
    get interrupted() { return text('interrupted') },
    get busy() { return text('busy') },
    get leaving() { return text('leaving') },
    get unsupported() { return text('unsupported') },
    get card() { return text('card') },
    clicked: button => text('clicked', [button]),
  }
}
