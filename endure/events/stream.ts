import type { World } from '../world'
import type { EventKind } from './kind'
import { loseGateway, recoverGateway } from './websocket'

const refusal = { status: 503, code: 'ServiceUnavailable', message: 'The service is unavailable' }

/** The gateway, and with it the whole API of DingTalk's, takes no new connection. */
export function refuseConnections({ dingtalk }: World) {
  for (const api of ['token', 'open'] as const) dingtalk.fail(api, refusal, 100_000)
}

function cutConnections({ dingtalk }: World) {
  for (const socket of dingtalk.stream.sockets) socket.terminate()
}

async function reconnected(world: World) {
  await world.until(() => world.dingtalk.stream.sockets.size > 0, 'a new Stream connection')
}

/** DingTalk announces the end of each connection after some hours. */
export const disconnectFrames: EventKind = {
  name: '`disconnect` frames of DingTalk',
  async run(world, tally, size) {
    const { dingtalk } = world
    const total = size(6, 200)
    for (let frame = 1; frame <= total; frame++) {
      dingtalk.stream.disconnect()
      tally.happened()
      if (frame % size(3, 10) === 0) await tally.askAfterwards()
      await reconnected(world)
    }
  },
}

export const refusingGateway: EventKind = {
  name: "DingTalk's gateway refuses connections",
  async run(world, tally, size) {
    for (let round = 0; round < size(1, 2); round++) {
      refuseConnections(world)
      cutConnections(world)
      tally.happened()
      const asking = tally.ask()
      await world.sleep(size(4000, 150_000))
      world.dingtalk.recover()
      // The adapter waits for a minute between tries.
      await world.pass(61_000)
      await reconnected(world)
      await asking
      await tally.askAfterwards()
    }
  },
}

/** Connections are accepted, and the request for a WebSocket is not answered. */
export const silentHandshakes: EventKind = {
  name: "DingTalk's gateway does not answer handshakes",
  async run(world, tally, size) {
    const { stream } = world.dingtalk
    for (let round = 0; round < size(1, 4); round++) {
      stream.ignoresHandshakes = true
      cutConnections(world)
      tally.happened()
      await world.pass(61_000)
      await world.until(() => stream.pending.size > 0, 'a handshake')
      const asking = tally.ask()
      await world.sleep(2000)
      stream.ignoresHandshakes = false
      await world.pass(16_000)
      await world.pass(61_000)
      await reconnected(world)
      await asking
      await tally.askAfterwards()
    }
  },
}

/** Every connection to the outside breaks, and none can be made for a while. */
export const networkLoss: EventKind = {
  name: 'the network is lost',
  async run(world, tally, size) {
    const { dingtalk, gemini } = world
    for (let round = 0; round < size(1, 5); round++) {
      await tally.inTheMiddle(async () => {
        for (const api of ['token', 'open', 'batchSend', 'createAndDeliver', 'streaming'] as const) dingtalk.fail(api, 'reset', 100_000)
        cutConnections(world)
        loseGateway(world)
        await gemini.during('unreachable', async () => {
          await world.sleep(size(3000, 20_000))
          dingtalk.recover()
          recoverGateway(world)
        })
      })
      tally.happened()
      await world.pass(61_000)
      await reconnected(world)
      await tally.askAfterwards()
    }
  },
}
