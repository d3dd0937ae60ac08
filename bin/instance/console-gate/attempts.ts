import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory'
import RateLimiterRes from 'rate-limiter-flexible/lib/RateLimiterRes'

const WINDOW_SECONDS = 600
/** Failed logins from one address in ten minutes. Behind a reverse proxy all visitors share its address. */
const MAX_PER_ADDRESS = 10
/** Failed logins in ten minutes from all addresses. */
const MAX_OVERALL = 60

/** Limits failed logins per address and overall. */
export class LoginAttempts {
  private readonly byAddress = new RateLimiterMemory({ points: MAX_PER_ADDRESS, duration: WINDOW_SECONDS })
  private readonly overall = new RateLimiterMemory({ points: MAX_OVERALL, duration: WINDOW_SECONDS })

  /**
   * Counts an attempt before it is checked, so that concurrent attempts count too.
   * @returns seconds to wait, or 0 if the attempt is allowed
   */
  async take(address: string): Promise<number> {
    try {
      await this.byAddress.consume(address)
      await this.overall.consume('')
      return 0
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      // The limiter forgets after its window by a timer, but counts down by the clock, which may have been set back.
      return Math.min(Math.max(1, Math.ceil(error.msBeforeNext / 1000)), WINDOW_SECONDS)
    }
  }

  /** Gives back an attempt that succeeded. */
  async succeeded(address: string) {
    await this.byAddress.reward(address)
    await this.overall.reward('')
  }
}
