import assert from 'node:assert/strict'
import { rowKey } from 'common/database'
import { until } from 'common/testing'
import type { Context } from 'koishi'
import { DAY, describeDatabaseStores } from '../support/stores'

const ROWS = 1000
/** Rows that a sweep may look at, or remove, at a time: one after the slice, and another one of its millisecond. */
const MAX_ERASED = 202
const MAX_REMOVED = 42

/** Messages that were answered a minute apart, two at a time. */
async function insert(app: Context, now: number) {
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    message: rowKey('BOT', `M${index}`), stream: `S${index}`, msgId: `M${index}`, botId: 'BOT', userId: '', chatId: '',
    content: 'shown', finished: true, request: '', shown: new Date(now), expires: new Date(now + (1 + (index >> 1)) * 60_000),
  }))
  // The stock driver compares each row with every other, and fails with seven hundred.
  for (let start = 0; start < ROWS; start += 100) await app.database.upsert('wecom_bot_turn', rows.slice(start, start + 100))
}

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

  it('erases the text of a whole week in slices', async () => {
    const { clock, app } = world()
    await insert(app, clock.now())
    const sizes: number[] = []
    const { set } = app.database
    app.database.set = async function(table, query, update) {
      const { expires } = query as unknown as { expires: object }
      sizes.push((await app.database.get(table, { expires } as never)).length)
      return set.call(this, table, query, update)
    }
    await clock.jump(61_000)
    await until(async () => !(await app.database.get('wecom_bot_turn', { content: 'shown' })).length)
    assert.ok(Math.max(...sizes) <= MAX_ERASED, `rows looked at in one go: ${sizes}`)
    assert.ok(sizes.length >= ROWS / MAX_ERASED, `${sizes}`)
  })

  it('removes what has expired meanwhile in slices', async () => {
    const { clock, app } = world()
    await insert(app, clock.now())
    const sizes: number[] = []
    const { remove } = app.database
    app.database.remove = async function(table, query) {
      if (table === 'wecom_bot_turn') sizes.push((await app.database.get(table, query as never)).length)
      return remove.call(this, table, query)
    }
    await clock.jump(ROWS * 60_000)
    await until(async () => !(await app.database.get('wecom_bot_turn', {})).length)
    assert.ok(sizes.length >= ROWS / MAX_REMOVED, `${sizes}`)
    assert.ok(Math.max(...sizes) <= MAX_REMOVED, `rows removed in one go: ${sizes}`)
  })
})
