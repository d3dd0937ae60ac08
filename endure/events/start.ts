import { refuseConnections } from './stream'
import type { EventKind } from './kind'

/** The instance starts while DingTalk's gateway refuses; WeCom is answered meanwhile. */
export const start: EventKind = {
  name: "DingTalk's gateway refuses while the instance starts",
  async run(world, tally, size) {
    refuseConnections(world)
    tally.happened()
    await world.instance.start()
    const asking = tally.ask()
    await world.sleep(size(3000, 120_000))
    world.dingtalk.recover()
    await world.pass(61_000)
    await asking
    await tally.askAfterwards()
  },
}
