import type { Context } from 'koishi'
import type { ThrowingPlace } from './actions'

/** A plugin that throws where it is told to, once. */
export class ThrowingPlugin {
  private readonly armed = new Set<ThrowingPlace>()

  constructor(ctx: Context) {
    ctx.middleware((_session, next) => {
      this.throwIn('middleware')
      return next()
    }, true)
    ctx.on('message', () => this.throwIn('listener'))
  }

  arm(place: ThrowingPlace) {
    this.armed.add(place)
    if (place === 'timer') setTimeout(() => this.throwIn('timer'), 1)
  }

  private throwIn(place: ThrowingPlace) {
    if (this.armed.delete(place)) throw new Error(`of another plugin, in a ${place}`)
  }
}
