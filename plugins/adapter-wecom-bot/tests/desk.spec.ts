import assert from 'node:assert/strict'
import { World, createWorld } from './support/world'

describe('settings that do not go together', () => {
  let world: World

  before(async () => {
    world = await createWorld()
  })

  after(() => world.close())

  for (const [retention, freshness, isWrong] of [
    [undefined, undefined, false], [599_999, undefined, true], [20_000, 10_000, false], [20_000, 10_001, true],
  ] as const) {
    it(`are told at the start, with what to do: retention ${retention}, freshness ${freshness}`, async () => {
      const { dispose } = world.add({ retention, freshness })
      const warnings = world.log.warnings.splice(0)
      world.log.lines.splice(0)
      await dispose()
      assert.equal(warnings.length, Number(isWrong))
      if (isWrong) assert.match(warnings[0], /set retention to \d+ or more, or freshness to \d+ or less/)
    })
  }
})
