import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSizes } from '../growth'
import type { World } from '../world'
import type { EventKind } from './kind'

const BLOCK = Buffer.alloc(64 << 10)

/** Fills the disk of the data folder to the last byte. @returns frees it */
async function fillDisk(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'ballast')
  const file = await open(path, 'w')
  try {
    for (let chunk = BLOCK; chunk.length;) {
      await file.write(chunk).catch(() => chunk = chunk.subarray(0, chunk.length >> 1))
    }
  } finally {
    await file.close()
  }
  return () => rm(path)
}

/** Lets the instance's writes to the data folder fail. @returns lets them succeed */
async function failWrites({ instance }: World): Promise<() => Promise<void>> {
  await instance.call('files', { prefix: instance.data, code: 'ENOSPC' })
  return () => instance.call('files', null)
}

/** What the log files contain. */
async function logs(folder: string): Promise<string> {
  const names = (await fileSizes(folder)).map(({ name }) => name).filter(name => name.startsWith('logs/'))
  return (await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))).join('')
}

/** The disk of the data folder is full, and has room again. */
export const fullDisk: EventKind = {
  name: 'the disk is full, and has room again',
  async run(world, tally, size) {
    const { instance } = world
    tally.notes.push(instance.hasOwnDisk ? 'on a file system of its own' : 'by injected errors: no file system could be mounted')
    for (let round = 0; round < size(1, 6); round++) {
      const from = instance.position
      let free = async () => {}
      await tally.inTheMiddle(async () => {
        free = instance.hasOwnDisk ? await fillDisk(instance.data) : await failWrites(world)
        tally.happened()
        await instance.call('log', 2000)
      })
      await tally.ask()
      await world.sleep(size(1000, 2000))
      const lines = instance.printedAfter(from).split('\n').length
      tally.require(lines < 2500, `the full disk caused ${lines} lines in the terminal`)
      await tally.inTheMiddle(free)
      await world.pass(11_000)
      await world.sleep(500)
      tally.require(instance.printedAfter(from).includes('log files can be written again'), 'the log was not resumed')
      const mark = `after the full disk, round ${round}`
      await instance.call('logLine', mark)
      await world.sleep(500)
      tally.require((await logs(instance.data)).includes(mark), 'the log was not written again')
      await tally.askAfterwards()
    }
  },
}
