import assert from 'node:assert/strict'
import type { Wecom } from 'testkit'
import { WecomClient, createWecom } from 'testkit'
import { createFolder, silence } from '../support/database'
import type { Instance } from '../support/koishi'
import { encodingAESKey, startBot, token } from '../support/koishi'

const MESSAGES = 100
/** What Koishi and the plugins compute for one message. */
const CHAIN_MS = 5

/** Takes the CPU, like Koishi's chain. */
function compute(milliseconds: number) {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe(`${MESSAGES} messages at once`, () => {
  let folder: Awaited<ReturnType<typeof createFolder>>
  let wecom: Wecom
  let instance: Instance
  let client: WecomClient
  let restoreLog: () => void
  const asked: string[] = []

  before(async () => {
    restoreLog = silence()
    folder = await createFolder()
    wecom = await createWecom()
    instance = await startBot({ storage: 'database', maxTurns: MESSAGES - 20 }, {
      listen: true,
      database: `${folder.path}/koishi.db`,
      prepare: app => app.middleware(({ content }) => {
        asked.push(content!)
        compute(CHAIN_MS)
        return `you said ${content}`
      }),
    })
    await instance.app.database.prepared()
    client = new WecomClient({ url: instance.url, token, encodingAESKey, wecom, timeout: 60_000 })
  })

  after(async () => {
    await instance.stop()
    await wecom.close()
    await folder.remove()
    restoreLog()
  })

  it('are all replied to before the last of them reaches a plugin, and each is answered once', async function() {
    this.timeout(120_000)
    const payloads = Array.from({ length: MESSAGES }, (_, index) => {
      return client.text(`message ${index}`, { userId: `U${index}`, ...index % 2 && { chatId: `wr${index % 20}` } })
    })
    let askedAtReply = 0
    const replies = await Promise.all(payloads.map(async (payload) => {
      const { reply } = await client.post(payload)
      askedAtReply = asked.length
      return reply!.stream!
    }))
    const busy = replies.filter(({ content }) => /正在处理的消息太多/.test(content!))
    const accepted = replies.length - busy.length
    assert.ok(askedAtReply < accepted, `${askedAtReply} of ${accepted} messages were dispatched before the last reply`)
    assert.ok(busy.every(({ finish }) => finish))
    assert.ok(busy.length <= 20)
    assert.equal(new Set(replies.map(({ id }) => id)).size, MESSAGES)
    const isBusy = (index: number) => busy.includes(replies[index])
    await Promise.all(payloads.map(async (payload, index) => {
      if (isBusy(index) || index % 5) return
      assert.equal((await client.post(payload)).reply!.stream!.id, replies[index].id)
    }))
    for (const [index, { id }] of replies.entries()) {
      if (isBusy(index)) continue
      const owner = { userId: `U${index}`, ...index % 2 && { chatId: `wr${index % 20}` } }
      let stream = replies[index]
      while (!stream.finish) {
        await new Promise(resolve => setTimeout(resolve, 5))
        stream = (await client.poll(id, owner)).reply!.stream!
      }
      assert.match(stream.content!, new RegExp(`you said .*message ${index}$`))
    }
    assert.equal(new Set(asked).size, asked.length)
    assert.equal(asked.length, accepted)
  })

  it('do not delay the next message: an answer that is ready at once comes in the first reply', async () => {
    const { stream } = (await client.post(client.text('alone', { userId: 'ALONE' }))).reply!
    assert.deepEqual([stream!.content, stream!.finish], ['you said alone', true])
  })
})
