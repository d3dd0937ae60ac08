import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sweepLogFiles } from '../../bin/instance/data/log-files'

describe('sweepLogFiles', () => {
  let folder: string
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'log-files-')) })
  afterEach(() => rm(folder, { recursive: true }))

  async function file(name: string, bytes: number, age: number) {
    await writeFile(join(folder, name), Buffer.alloc(bytes))
    await utimes(join(folder, name), 1_700_000_000 - age, 1_700_000_000 - age)
  }

  it('removes the oldest files until the remaining ones fit', async () => {
    for (let day = 1; day <= 9; day++) await file(`2026-11-0${day}-1.log`, 1000, 10 - day)
    assert.equal(await sweepLogFiles(folder, 3500), 6)
    assert.deepEqual((await readdir(folder)).sort(), ['2026-11-07-1.log', '2026-11-08-1.log', '2026-11-09-1.log'])
    assert.equal(await sweepLogFiles(folder, 3500), 0)
  })

  it('keeps other files', async () => {
    await file('notes.log', 9000, 5)
    await file('2026-11-01-1.log.gz', 9000, 5)
    await file('2026-11-02-1.log', 100, 1)
    assert.equal(await sweepLogFiles(folder, 1000), 0)
  })

  it('ignores a missing folder', async () => {
    assert.equal(await sweepLogFiles(join(folder, 'missing')), 0)
  })
})
