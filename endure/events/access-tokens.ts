import type { EventKind } from './kind'

/** DingTalk's access tokens expire: at every fifth one the stock adapter would be out of stack. */
export const accessTokens: EventKind = {
  name: 'access tokens of DingTalk expire',
  async run({ dingtalk, instance }, tally, size) {
    const issued = () => dingtalk.calls.filter(({ api }) => api === 'token').length
    const start = issued()
    for (let round = 0; issued() - start < size(400, 1000); round++) {
      dingtalk.expireTokens()
      // A message finds the token expired; otherwise it is renewed in time.
      if (round % 100 === 0) await tally.askAfterwards()
      else await instance.call('refreshToken')
    }
    tally.happened(issued() - start)
    await tally.askAfterwards()
  },
}
