import assert from 'node:assert/strict'
import { Attachments } from '../../src/media/attachments'
import type { Media } from '../../src/media/media'
import { MediaError } from '../../src/media/media-error'
import type { MediaLink } from '../../src/protocol/payload'
import { FakeClock } from 'common/testing'

const MINUTE = 60_000

function createAttachments(capacity?: number) {
  const clock = new FakeClock()
  /** Downloads in order. */
  const fetched: string[] = []
  const fates: ((url: string) => Promise<Media>)[] = []
  const attachments = new Attachments(({ url }: MediaLink) => {
    fetched.push(url)
    return fates.shift()?.(url) ?? Promise.resolve({ data: Buffer.from(url), type: 'text/plain' })
  }, clock, capacity)
  const read = async (id: string) => (await attachments.open(id))?.data.toString()
  return { attachments, clock, fetched, fates, read }
}

describe('Attachments', () => {
  it('downloads a file when it is first read, once', async () => {
    const { attachments, fetched, read } = createAttachments()
    const id = attachments.add({ url: 'a' })
    assert.deepEqual(fetched, [])
    assert.deepEqual(await Promise.all([read(id), read(id), read(id)]), ['a', 'a', 'a'])
    assert.equal(await read(id), 'a')
    assert.deepEqual(fetched, ['a'])
  })

  it('gives random ids', () => {
    const { attachments } = createAttachments()
    const ids = Array.from({ length: 100 }, () => attachments.add({ url: 'https://secret' }))
    assert.equal(new Set(ids).size, 100)
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
  })

  it('keeps a file for five minutes, read or not', async () => {
    const { attachments, clock, read } = createAttachments()
    const [one, other] = [attachments.add({ url: 'a' }), attachments.add({ url: 'b' })]
    await read(one)
    await clock.advance(5 * MINUTE - 1)
    assert.deepEqual([await read(one), await read(other)], ['a', 'b'])
    await clock.advance(1)
    assert.deepEqual([await read(one), await read(other)], [undefined, undefined])
    assert.equal(await read('unknown'), undefined)
  })

  it('removes expired files without being read, and leaves no timer', async () => {
    const { attachments, clock, read } = createAttachments()
    await read(attachments.add({ url: 'a' }))
    await clock.advance(MINUTE)
    await read(attachments.add({ url: 'b' }))
    assert.equal(attachments.count, 2)
    await clock.advance(10 * MINUTE)
    assert.equal(attachments.count, 0)
    assert.equal(clock.pending, 0)
  })

  it('downloads again after a failure', async () => {
    const { attachments, fetched, fates, read } = createAttachments()
    const id = attachments.add({ url: 'a' })
    fates.push(() => Promise.reject(new MediaError('wecom-bot/media-unavailable', 'the storage answers 404')))
    await Promise.all([1, 2].map(() => assert.rejects(read(id), { code: 'wecom-bot/media-unavailable' })))
    fates.push(() => Promise.reject(new Error('https://secret')))
    await assert.rejects(read(id), { name: 'MediaError', code: 'wecom-bot/media-network-failed', message: 'the download failed' })
    assert.equal(await read(id), 'a')
    assert.deepEqual(fetched, ['a', 'a', 'a'])
  })

  it('drops the oldest files beyond the memory limit, and downloads them again', async () => {
    const { attachments, fetched, read } = createAttachments(10)
    const ids = ['aaaa', 'bbbb', 'cccc'].map(url => attachments.add({ url }))
    for (const id of ids) await read(id)
    assert.equal(await read(ids[1]), 'bbbb')
    assert.equal(await read(ids[2]), 'cccc')
    assert.deepEqual(fetched, ['aaaa', 'bbbb', 'cccc'])
    assert.equal(await read(ids[0]), 'aaaa')
    assert.deepEqual(fetched, ['aaaa', 'bbbb', 'cccc', 'aaaa'])
  })

  it('keeps a file that is larger than the limit alone', async () => {
    const { attachments, fetched, read } = createAttachments(3)
    const id = attachments.add({ url: 'aaaa' })
    await read(id)
    assert.equal(await read(id), 'aaaa')
    assert.deepEqual(fetched, ['aaaa'])
  })

  it('returns a file that expires while it is downloaded', async () => {
    const { attachments, clock, fates, read } = createAttachments()
    let arrive = (_media: Media) => {}
    fates.push(() => new Promise(resolve => arrive = resolve))
    const reading = read(attachments.add({ url: 'a' }))
    await clock.advance(5 * MINUTE)
    assert.equal(attachments.count, 0)
    arrive({ data: Buffer.from('late'), type: '' })
    assert.equal(await reading, 'late')
  })

  it('removes everything on dispose, and leaves no timer', async () => {
    const { attachments, clock, read } = createAttachments()
    const id = attachments.add({ url: 'a' })
    await read(id)
    attachments.dispose()
    assert.equal(await read(id), undefined)
    assert.equal(clock.pending, 0)
  })
})
