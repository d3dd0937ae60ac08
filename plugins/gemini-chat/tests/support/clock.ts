import { FakeClock, InstantClock } from 'common/testing'

export { settle } from 'common/testing'

const START = 1_800_000_000_000

export class ManualClock extends FakeClock {
  constructor() {
    super(START)
  }
}

export class HastyClock extends InstantClock {
  constructor() {
    super(START)
  }
}
