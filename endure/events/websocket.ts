import type { WecomGateway } from 'testkit'
import type { World } from '../world'
import type { EventKind } from './kind'

/** After which WeCom's acknowledgements are late: the adapter waits for five seconds, and then for five more. */
const LATE_MS = 6000
/** The adapter waits for one to two minutes after another process has taken its bot. */
const TAKEN_MS = 121_000
/** A connection that stood this long has succeeded: the next pause before a connection is short again. */
const STABLE_MS = 31_000
/** The longest pause between two tries to connect. */
const LONGEST_PAUSE_MS = 76_000

type Cmd = 'aibot_subscribe' | 'aibot_respond_msg'

function treat({ gateway }: World, cmd: Cmd, treatment: ReturnType<NonNullable<WecomGateway['treat']>>) {
  gateway.treat = frame => frame.cmd === cmd ? treatment : undefined
}

/** The gateway is up and takes no subscription. */
export function refuseSubscriptions(world: World) {
  treat(world, 'aibot_subscribe', { errcode: -1 })
}

/** No subscription arrives, as if there was no network. */
export function loseGateway(world: World) {
  treat(world, 'aibot_subscribe', 'lose')
  world.gateway.disconnect()
}

export function recoverGateway({ gateway }: World) {
  gateway.treat = undefined
}

async function reconnected(world: World, pauseMs: number) {
  await world.pass(pauseMs)
  await world.until(() => world.gateway.isSubscribed(), 'a new subscription')
}

export const websocketDrops: EventKind = {
  name: "WeCom's long connection drops",
  async run(world, tally, size) {
    for (let round = 0; round < size(1, 20); round++) {
      // Every other connection is young, so that the pause before the next one grows.
      if (round % 2 === 0) await world.pass(STABLE_MS)
      await tally.inTheMiddle(async () => world.gateway.disconnect())
      tally.happened()
      await reconnected(world, 2000)
      await tally.askAfterwards()
    }
  },
}

/** Acknowledgements come so late that the adapter has to take them for lost. */
export const lateAcknowledgements: EventKind = {
  name: "WeCom's acknowledgements are late",
  async run(world, tally, size) {
    for (let round = 0; round < size(1, 10); round++) {
      await tally.inTheMiddle(async () => {
        treat(world, 'aibot_respond_msg', { delayMs: LATE_MS })
        await world.sleep(1000)
        recoverGateway(world)
      })
      tally.happened()
      await tally.askAfterwards()
    }
  },
}

export const refusedSubscriptions: EventKind = {
  name: "WeCom's gateway refuses subscriptions",
  async run(world, tally, size) {
    for (let round = 0; round < size(1, 5); round++) {
      await tally.inTheMiddle(async () => {
        refuseSubscriptions(world)
        world.gateway.disconnect()
        await world.sleep(size(2500, 30_000))
        recoverGateway(world)
        await reconnected(world, LONGEST_PAUSE_MS)
      })
      tally.happened()
      await tally.askAfterwards()
    }
  },
}

/** Another process takes the bot, once, and goes. */
export const takenBot: EventKind = {
  name: 'another process takes the bot on the long connection',
  async run(world, tally) {
    await tally.inTheMiddle(async () => {
      world.gateway.kick()
      await world.sleep(500)
      await reconnected(world, TAKEN_MS)
    })
    tally.happened()
    await tally.askAfterwards()
  },
}
