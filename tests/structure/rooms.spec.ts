import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/instance'

describe('scripts/rooms.mjs', () => {
  it('lists every folder in the sources of each plugin and package', async () => {
    const { rooms } = await import('../../scripts/rooms.mjs')
    const folders = ['plugins', 'packages'].flatMap((parent) => {
      return readdirSync(join(root, parent)).map(name => `${parent}/${name}`)
    }).filter(folder => existsSync(join(root, folder, 'src')))
    const found = Object.fromEntries(folders.flatMap((folder) => {
      const entries = readdirSync(join(root, folder, 'src'), { withFileTypes: true })
      const names = entries.filter(entry => entry.isDirectory() && entry.name !== 'locales').map(({ name }) => name)
      // Small plugins have no rooms.
      return names.length ? [[folder, names.sort()]] : []
    }))
    const listed = Object.fromEntries(Object.entries(rooms).map(([folder, names]) => [folder, [...names].sort()]))
    assert.deepEqual(listed, found)
  })
})
