import type { EventKind } from './kind'

/** Plugins whose settings are changed, which reloads them, with settings that change nothing for a person. */
const CHANGES = [
  { key: 'gemini-chat:gemini', settings: { requestRetries: 3 } },
  { key: 'adapter-wecom-bot:wecom', settings: { maxTurns: 500 } },
  { key: 'dingtalk-companion:companion', settings: { silence: 1_200_000 } },
]

/** Settings are changed in the console while questions are being answered. */
export const changedSettings: EventKind = {
  name: 'settings are changed in the middle of answers',
  async run({ instance }, tally, size) {
    for (let round = 0; round < size(1, 5); round++) {
      for (const { key, settings } of CHANGES) {
        const name = Object.keys(settings)[0] as keyof typeof settings
        await tally.inTheMiddle(() => instance.call('update', { key, settings: { [name]: Number(settings[name]) + round } }))
        tally.happened()
        await tally.askAfterwards()
      }
    }
  },
}

/** Plugins are switched off and on in the middle of answers. */
export const reloadedPlugins: EventKind = {
  name: 'plugins are disposed and loaded in the middle of answers',
  async run({ instance }, tally, size) {
    for (let round = 0; round < size(1, 5); round++) {
      for (const { key } of CHANGES) {
        await tally.inTheMiddle(async () => {
          await instance.call('dispose', key)
          await instance.call('restore', key)
        })
        tally.happened()
        await tally.askAfterwards()
      }
    }
  },
}
