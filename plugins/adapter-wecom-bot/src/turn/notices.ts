import type { Context } from 'koishi'

/** Texts that the adapter itself says in a chat. */
export interface Notices {
  /** The stream must close; the answer follows as a message. */
  later: string
  /** The stream must close, and there is no other way to deliver the rest. */
  cutOff: string
  /** The rest of a long answer follows as a message. */
  continued: string
  /** The answer was already complete when its stream had to close. */
  complete: string
  /** This many characters of a long answer were not delivered. */
  lost(count: number): string
  /** This many characters were sent as a message, without a confirmation. */
  unconfirmed(count: number): string
  /** The answer was sent as a message instead. */
  elsewhere: string
  /** Pictures of the answer were sent as messages of their own. */
  pictures: string
  /** Pictures of the answer could not be sent. */
  noPictures: string
  /** The stream is open, but there is no answer. */
  silent: string
  /** The stream is unknown. */
  forgotten: string
  /** The process ended before the answer was complete. */
  interrupted: string
  /** Too many answers are in progress. */
  busy: string
  /** The process is shutting down. */
  leaving: string
  /** The bot cannot read this type of message. */
  unsupported: string
  /** Title of a card that only has buttons. */
  card: string
  /** Shown on a card after a click on this button. */
  clicked(button: string): string
}

/** Renders the notices in the instance's language. Users can override them like any other Koishi text. */
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
    get pictures() { return text('pictures') },
    get noPictures() { return text('no-pictures') },
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
