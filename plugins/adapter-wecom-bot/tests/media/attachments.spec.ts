import assert from 'node:assert/strict'
import { Attachments } from '../../src/media/attachments'
import type { Media } from '../../src/media/media'
import { MediaError } from '../../src/media/media-error'
import type { MediaLink } from '../../src/protocol/payload'
import { FakeClock } from '../support/clock'

const MINUTE = 60_000

function createAttachments(capacity?: number) {
  const clock = new FakeClock()
  /** What was downloaded, in its order. */
  const fetched: string[] = []
  const fates: ((url: string) => Promise<Media>)[] = []
  const attachments = new Attachments(({ url }: MediaLink) => {
    fetched.push(url)
    return fates.shift()?.(url) ?? Promise.resolve({ data: Buffer.from(url), type: 'text/plain' })
  }, clock, capacity)
  const read = async (id: string) => (await attachments.open(id))?.data.toString()
  return { attachments, clock, fetched, fates, read }
}

describe('an attachment', () => {
  it('is downloaded when it is first asked for, once', async () => {
    const { attachments, fetched, read } = createAttachments()
    const id = attachments.add({ url: 'a' })
    assert.deepEqual(fetched, [])
    assert.deepEqual(await Promise.all([read(id), read(id), read(id)]), ['a', 'a', 'a'])
    assert.equal(await read(id), 'a')
    assert.deepEqual(fetched, ['a'])
  })

  it('has an id that nobody guesses and that tells nothing', () => {
    const { attachments } = createAttachments()
    const ids = Array.from({ length: 100 }, () => attachments.add({ url: 'https://secret' }))
    assert.equal(new Set(ids).size, 100)
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
  })

  it('is there for five minutes, also where nobody looked', async () => {
    const { attachments, clock, read } = createAttachments()
    const [one, other] = [attachments.add({ url: 'a' }), attachments.add({ url: 'b' })]
    await read(one)
    await clock.pass(5 * MINUTE - 1)
    assert.deepEqual([await read(one), await read(other)], ['a', 'b'])
    await clock.pass(1)
    assert.deepEqual([await read(one), await read(other)], [undefined, undefined])
    assert.equal(await read('unknown'), undefined)
  })

  it('is not kept for ever where nobody asks again, and leaves no timer', async () => {
    const { attachments, clock, read } = createAttachments()
    await read(attachments.add({ url: 'a' }))
    await clock.pass(MINUTE)
    await read(attachments.add({ url: 'b' }))
    assert.equal(attachments.count, 2)
    await clock.pass(10 * MINUTE)
    assert.equal(attachments.count, 0)
    assert.equal(clock.pending, 0)
  })

  it('that could not be downloaded may be tried again', async () => {
    const { attachments, fetched, fates, read } = createAttachments()
    const id = attachments.add({ url: 'a' })
    fates.push(() => Promise.reject(new MediaError('wecom-bot/media-unavailable', 'the storage answers 404')))
    await Promise.all([1, 2].map(() => assert.rejects(read(id), { code: 'wecom-bot/media-unavailable' })))
    fates.push(() => Promise.reject(new Error('https://secret')))
    await assert.rejects(read(id), { name: 'MediaError', code: 'wecom-bot/media-network-failed', message: 'the download failed' })
    assert.equal(await read(id), 'a')
    assert.deepEqual(fetched, ['a', 'a', 'a'])
  })

  it('gives room to others, and is downloaded again where it is asked for again', async () => {
    const { attachments, fetched, read } = createAttachments(10)
    const ids = ['aaaa', 'bbbb', 'cccc'].map(url => attachments.add({ url }))
    for (const id of ids) await read(id)
    assert.equal(await read(ids[1]), 'bbbb')
    assert.equal(await read(ids[2]), 'cccc')
    assert.deepEqual(fetched, ['aaaa', 'bbbb', 'cccc'])
    assert.equal(await read(ids[0]), 'aaaa')
    assert.deepEqual(fetched, ['aaaa', 'bbbb', 'cccc', 'aaaa'])
  })

  it('that is larger than all room is kept alone', async () => {
    const { attachments, fetched, read } = createAttachments(3)
    const id = attachments.add({ url: 'aaaa' })
    await read(id)
    assert.equal(await read(id), 'aaaa')
    assert.deepEqual(fetched, ['aaaa'])
  })

  it('whose time is over while it comes is still handed to who asked', async () => {
    const { attachments, clock, fates, read } = createAttachments()
    let arrive = (_media: Media) => {}
    fates.push(() => new Promise(resolve => arrive = resolve))
    const reading = read(attachments.add({ url: 'a' }))
    await clock.pass(5 * MINUTE)
    assert.equal(attachments.count, 0)
    arrive({ data: Buffer.from('late'), type: '' })
    assert.equal(await reading, 'late')
  })

  it('goes with the bot, and leaves no timer', async () => {
    const { attachments, clock, read } = createAttachments()
    const id = attachments.add({ url: 'a' })
    await read(id)
    attachments.dispose()
    assert.equal(await read(id), undefined)
    assert.equal(clock.pending, 0)
  })
})
