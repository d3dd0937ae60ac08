import assert from 'node:assert/strict'
import type { Context, Session } from 'koishi'
import type { Wecom } from 'testkit'
import { WecomClient, createWecom } from 'testkit'
import { createFolder, silence } from '../support/database'
import type { Instance } from '../support/koishi'
import { encodingAESKey, startBot, token } from '../support/koishi'
import { XmlClient } from '../support/xml'

type Create = Context['database']['create']

/** What happens to the claim of a message, which is the insert of its row. */
const databases: Record<string, { isShared: boolean, claim(insert: () => Promise<unknown>): Promise<unknown> }> = {
  'that is fast': { isShared: true, claim: insert => insert() },
  'that is slow': {
    isShared: true,
    claim: async (insert) => {
      await new Promise(resolve => setTimeout(resolve, 100))
      return insert()
    },
  },
  'that fails': {
    isShared: false,
    claim: async () => {
      await new Promise(resolve => setTimeout(resolve, 50))
      throw new Error('gone')
    },
  },
  'that hangs': { isShared: false, claim: () => new Promise(() => {}) },
}

describe('a callback that is repeated while its claim is pending', () => {
  const welcome = JSON.stringify({
    card_type: 'button_interaction',
    main_title: { title: '你好' },
    button_list: [{ text: '用法', style: 1, key: 'i:usage' }],
  })
  let folder: Awaited<ReturnType<typeof createFolder>>
  let wecom: Wecom
  let instances: Instance[] = []
  let asked: string[] = []
  let notified: string[] = []
  let answer: (session: Session) => unknown = () => new Promise(() => {})
  let restoreLog: () => void

  before(async () => {
    restoreLog = silence()
    folder = await createFolder()
    wecom = await createWecom()
    for (let index = 0; index < 2; index++) {
      const instance = await startBot({
        storage: 'database',
        streamStyle: 'stream_with_template_card',
        corpId: 'wwCORP',
        firstReply: 5,
        passiveReply: 4500,
        maxUserTurns: 100,
        welcome,
        apiEndpoint: wecom.origin,
        trustedHosts: [new URL(wecom.origin).host],
      }, {
        listen: true,
        database: `${folder.path}/koishi.db`,
        prepare(app) {
          app.middleware((session) => {
            asked.push(session.content!)
            return answer(session) as never
          })
          app.on('internal/session', ({ type, event }) => {
            if (type === 'internal') notified.push(event._type!)
          })
        },
      })
      await instance.app.database.prepared()
      instances.push(instance)
    }
  })

  after(async () => {
    for (const { stop } of instances) await stop()
    instances = []
    await wecom.close()
    await folder.remove()
    restoreLog()
  })

  beforeEach(() => {
    asked = []
    notified = []
    answer = () => new Promise(() => {})
  })

  const clientOf = ({ url }: Instance) => new WecomClient({ url, token, encodingAESKey, wecom })

  /** Runs a spec with claims that behave in a given way. */
  async function withClaims(claim: (insert: () => Promise<unknown>) => Promise<unknown>, spec: () => Promise<void>) {
    const restore = instances.map(({ app }) => {
      const { create } = app.database
      app.database.create = ((table: never, row: never) => {
        const insert = () => (create as Create).call(app.database, table, row)
        return table === 'wecom_bot_turn' ? claim(insert) : insert()
      }) as never
      return () => void (app.database.create = create)
    })
    try {
      await spec()
    } finally {
      for (const undo of restore) undo()
    }
  }

  for (const [name, { claim, isShared }] of Object.entries(databases)) {
    for (const count of isShared ? [1, 2] : [1]) {
      const where = `with a database ${name}, in ${count === 1 ? 'one process' : 'two processes'}`

      it(`gets one stream id ${where}`, () => withClaims(claim, async () => {
        const clients = instances.slice(0, count).map(clientOf)
        const payload = clients[0].text(`once ${where}`)
        const posts = Array.from({ length: 15 }, (_, index) => clients[index % count].post(payload))
        const replies = await Promise.all(posts)
        const ids = new Set(replies.map(({ reply }) => reply!.stream!.id))
        assert.equal(ids.size, 1)
        assert.deepEqual(asked, [`once ${where}`])
        const later = await clients[0].post(payload)
        assert.deepEqual([...ids], [later.reply!.stream!.id])
      }))

      it(`is refused with one stream id ${where}, if nothing can be read in it`, () => withClaims(claim, async () => {
        const clients = instances.slice(0, count).map(clientOf)
        const payload = clients[0].text(' ')
        const replies = await Promise.all(Array.from({ length: 6 }, () => clients[0].post(payload)))
        assert.equal(new Set(replies.map(({ reply }) => reply!.stream!.id)).size, 1)
        assert.ok(replies.every(({ reply }) => reply!.stream!.finish))
        assert.deepEqual(asked, [])
      }))

      it(`is answered once with one passive reply ${where}`, () => withClaims(claim, async () => {
        answer = ({ content }) => `you said ${content}`
        const client = new XmlClient(instances[0].url, 'wwCORP')
        const payload = client.text(`app ${where}`)
        const replies = await Promise.all(Array.from({ length: 6 }, () => client.post(payload)))
        assert.deepEqual(new Set(replies.map(({ content }) => content)), new Set([`you said app ${where}`]))
        assert.deepEqual(asked, [`app ${where}`])
      }))

      it(`tells plugins once of an event ${where}, and gets one welcome card`, () => withClaims(claim, async () => {
        const clients = instances.slice(0, count).map(clientOf)
        const payload = clients[0].enterChat({ userId: where })
        const replies = await Promise.all(Array.from({ length: 6 }, (_, index) => clients[index % count].post(payload)))
        assert.equal(new Set(replies.map(({ reply }) => reply!.template_card.task_id)).size, 1)
        assert.deepEqual(notified, ['wecom-bot/enter-chat'])
      }))

      it(`answers a click once ${where}`, () => withClaims(claim, async () => {
        const clients = instances.slice(0, count).map(clientOf)
        const { reply } = await clients[0].post(clients[0].enterChat({ userId: `click ${where}` }))
        const click = clients[0].cardClick({ taskId: reply!.template_card.task_id, eventKey: 'i:usage' })
        await Promise.all(Array.from({ length: 6 }, (_, index) => clients[index % count].post(click)))
        assert.deepEqual(asked, ['usage'])
      }))
    }
  }
})
