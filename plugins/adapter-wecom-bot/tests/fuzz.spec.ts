import { equal, ok } from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { Logger } from 'koishi'
import { WecomClient } from 'testkit'
import { Instance, encodingAESKey, startBot, token } from './support/koishi'
import { mutateJson, mutateText } from './support/mutate'
import { Random } from './support/random'

/** `npm run fuzz` makes many more of them. */
const ROUNDS = Number(process.env.FUZZ ?? 3000)
const PARALLEL = 16

describe('hostile callbacks in quantity', function() {
  this.timeout(30_000 + ROUNDS * 10)

  let instance: Instance
  let client: WecomClient
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })
  const rejections: unknown[] = []
  const level = Logger.levels.base
  const note = (reason: unknown) => void rejections.push(reason)

  before(async () => {
    process.on('unhandledRejection', note)
    // Each of them is a line, as it should be, and nobody could read them.
    Logger.levels.base = Logger.SILENT
    instance = await startBot({ retention: 1000, unclaimed: 3000, maxTurns: 100_000, maxUserTurns: 100_000 }, {
      listen: true,
      prepare: app => void app.middleware(session => session.elements),
    })
    client = new WecomClient({ url: instance.url, token, encodingAESKey })
  })

  after(async () => {
    agent.destroy()
    // The server's plugin closes nothing where it may not log.
    Logger.levels.base = level
    await instance.stop()
    process.off('unhandledRejection', note)
  })

  function send(url: URL, method: string, body: string | Buffer, headers: Record<string, string>) {
    return new Promise<{ status: number, body: string }>((resolve, reject) => {
      const call = request(url, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() }))
        response.on('error', reject)
      })
      call.on('error', reject)
      call.end(body)
    })
  }

  const media = { url: 'https://example.com/x', aeskey: 'x' }
  const samples = [
    () => client.text('你好 😀 <at type="all"/>'),
    () => client.text('@RobotA hi', { chatId: 'wrCHAT' }),
    () => ({ ...client.text('x'), msgtype: 'image', image: media }),
    () => ({ ...client.text('x'), msgtype: 'mixed', mixed: { msg_item: [{ msgtype: 'image', image: media }] } }),
    () => ({ ...client.text('x'), quote: { msgtype: 'text', text: { content: 'quoted' } } }),
    () => client.stream('no such stream'),
    () => client.enterChat(),
    () => client.cardClick({ cardType: 'button_interaction', eventKey: 'i:help', taskId: 't' }),
    () => client.feedback({ id: 'x', type: 1 }),
  ]
  const xml = '<xml><ToUserName><![CDATA[corp]]></ToUserName><FromUserName><![CDATA[u]]></FromUserName>'
    + '<CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hi]]></Content>'
    + '<MsgId>1</MsgId><AgentID>1</AgentID></xml>'

  /** One request: something is wrong with the plaintext, the envelope, the query or the way it is sent. */
  function attack(random: Random) {
    const kind = random.integer(0, 4)
    const payload = random.pick(samples)() as object
    const plaintext = kind === 0 ? JSON.stringify(mutateJson(payload, random))
      : kind === 1 ? mutateText(random.pick([JSON.stringify(payload), xml]), random)
        : JSON.stringify(payload)
    const encrypted = client.encrypt(plaintext)
    const { url } = client.sign(encrypted)
    const envelope = random.pick([
      JSON.stringify({ encrypt: encrypted }),
      `<xml><ToUserName>c</ToUserName><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
    ])
    const body = kind === 2 ? mutateText(envelope, random) : envelope
    if (kind === 3) url.search = mutateText(url.search, random).replace(/[\0-\x20#]/g, '')
    const method = kind === 4 ? random.pick(['GET', 'PUT', 'HEAD', 'DELETE', 'POST', 'PATCH']) : 'POST'
    const type = random.pick(['application/json', 'text/xml', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
    return send(url, method, body, type ? { 'content-type': type } : {})
  }

  it(`answers ${ROUNDS} of them without an error of its own, and keeps nothing`, async () => {
    const random = new Random(20261122)
    const statuses = new Map<number, number>()
    let left = ROUNDS
    let baseline = 0
    async function work() {
      while (left-- > 0) {
        const { status, body } = await attack(random)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        ok(status < 500, `status ${status}`)
        ok(status === 200 || body.length < 20, `a refusal said too much: ${body}`)
        if (left === Math.floor(ROUNDS / 2)) baseline = heap()
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, work))
    const growth = heap() - baseline
    equal(rejections.length, 0, String(rejections[0]))
    ok((statuses.get(200) ?? 0) > ROUNDS / 20, 'too few got through to the inside')
    ok((statuses.get(400) ?? 0) > ROUNDS / 20, 'too few were refused')
    ok(growth < 32 << 20, `the heap grew by ${growth >> 20} MB in the second half`)
    const { turns } = instance.bot.desk
    const end = Date.now() + 8000
    while (turns.size && Date.now() < end) await new Promise(resolve => setTimeout(resolve, 50))
    equal(turns.size, 0)
    equal(turns.load.size, 0)
  })

  it('still answers properly afterwards', async () => {
    const frames = []
    for await (const frame of client.ask('still there?')) frames.push(frame.content)
    equal(frames.at(-1), 'still there?')
  })
})

function heap() {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
