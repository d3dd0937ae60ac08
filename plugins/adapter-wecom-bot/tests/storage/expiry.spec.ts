import { until } from 'common/testing'
import { DAY, describeDatabaseStores } from '../support/stores'

describeDatabaseStores('ExpirySweep', (world) => {
  it('removes expired rows of every table', async () => {
    const { stores: { cards, feedback, deferred }, clock, app } = world()
    cards.save({ card_type: 'button_interaction', main_title: {}, task_id: 'T', button_list: [] }, false)
    await cards.recordAnswer('T', '', { key: 'b', selected: {} })
    await feedback.save('S', { userId: 'A', opinion: 'like', text: '', reasons: [], time: 1 })
    await deferred.deferMessages([{ target: 'W', body: {} }])
    await until(() => cards.find('T'))
    await clock.jump(7 * DAY + 61_000)
    for (const table of ['card', 'answer', 'opinion', 'push'] as const) {
      await until(async () => !(await app.database.get(`wecom_bot_${table}`, {})).length)
    }
  })
})
