import { refuseConnections } from './stream'
import { recoverGateway, refuseSubscriptions } from './websocket'
import type { EventKind } from './kind'

/** The gateways of DingTalk and of WeCom's long connection refuse; WeCom's callbacks are answered meanwhile. */
export const start: EventKind = {
  name: 'the gateways of DingTalk and WeCom refuse while the instance starts',
  async run(world, tally, size) {
    refuseConnections(world)
    refuseSubscriptions(world)
    tally.happened()
    await world.instance.start()
    const asking = tally.ask()
    await world.sleep(size(1500, 120_000))
    world.dingtalk.recover()
    recoverGateway(world)
    await world.pass(61_000)
    await asking
    await tally.askAfterwards()
  },
}
