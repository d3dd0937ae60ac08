import type { Tally } from '../tally'
import type { EventKind, Size } from './kind'

/** Plugins whose settings are changed, which reloads them, with settings that change nothing for a person. */
const CHANGES = [
  { key: 'gemini-chat:gemini', settings: { requestRetries: 3 } },
  { key: 'adapter-wecom-bot:wecom', settings: { maxTurns: 500 } },
  { key: 'dingtalk-companion:companion', settings: { silence: 1_200_000 } },
]

type Change = typeof CHANGES[number]

/** Makes each change in the middle of an answer of its own; in the short run all of them in the middle of one. */
async function eachChange(size: Size, tally: Tally, make: (change: Change) => Promise<unknown>) {
  for (const changes of size(1, 0) ? [CHANGES] : CHANGES.map(change => [change])) {
    await tally.inTheMiddle(async () => {
      for (const change of changes) {
        await make(change)
        tally.happened()
      }
    })
    await tally.askAfterwards()
  }
}

/** Settings are changed in the console while questions are being answered. */
export const changedSettings: EventKind = {
  name: 'settings are changed in the middle of answers',
  async run({ instance }, tally, size) {
    // An even number of rounds, and two values by turns: each update is a change, and within the limits of the setting.
    for (let round = 0; round < size(1, 6); round++) {
      await eachChange(size, tally, async ({ key, settings }) => {
        const name = Object.keys(settings)[0] as keyof typeof settings
        await instance.call('update', { key, settings: { [name]: Number(settings[name]) + round % 2 } })
      })
    }
  },
}

/** Plugins are switched off and on in the middle of answers. */
export const reloadedPlugins: EventKind = {
  name: 'plugins are disposed and loaded in the middle of answers',
  async run({ instance }, tally, size) {
    for (let round = 0; round < size(1, 5); round++) {
      await eachChange(size, tally, async ({ key }) => {
        await instance.call('dispose', key)
        await instance.call('restore', key)
      })
    }
  },
}
