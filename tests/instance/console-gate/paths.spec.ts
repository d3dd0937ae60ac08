import assert from 'node:assert/strict'
import * as consoleGate from '../../../bin/instance/console-gate'
import { speedUpServiceAccess } from '../../../bin/instance/koishi/service-access'
import { KoishiServer } from '../../support/koishi-server'

/** What the gate reads of the console. */
class Pages {
  constructor(public config: { uiPath: string, apiPath: string }) {}
}

describe('the paths of the console that the gate protects', () => {
  let revert: () => void
  let server: KoishiServer

  before(async () => {
    revert = speedUpServiceAccess()!
    server = await KoishiServer.start((app) => {
      app.plugin(consoleGate, { password: 'correct horse', uiPath: '/console', announce() {} })
      app.inject(['server'], ({ server }) => {
        server.get('/(.*)', (koa) => { koa.body = 'open' })
      })
    })
  })
  after(async () => {
    await server.stop()
    revert()
  })

  async function closedOf(...paths: string[]): Promise<string[]> {
    const closed: string[] = []
    for (const path of paths) {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
      if (response.status === 401) closed.push(path)
      else assert.equal(await response.text(), 'open')
    }
    return closed
  }
  const load = (uiPath: string, apiPath: string) => server.app.plugin((ctx) => {
    ctx.set('console' as never, new Pages({ uiPath, apiPath }) as never)
  })

  it('are those of koishi.yml until the console has loaded', async () => {
    assert.deepEqual(await closedOf('/console', '/CONSOLE/x', '/admin', '/socket'), ['/console', '/CONSOLE/x'])
  })

  it('are those of the console that is loaded, from the moment it is', async () => {
    const console = load('/admin', '/Socket')
    assert.deepEqual(await closedOf('/console', '/Admin/x', '/socket'), ['/Admin/x', '/socket'])
    console.dispose()
    load('/panel', '/panel/status')
    assert.deepEqual(await closedOf('/admin', '/socket', '/panel', '/panel/status'), ['/panel', '/panel/status'])
  })

  it('are those the console has changed its settings to', async () => {
    const { console } = server.app as unknown as { console: Pages }
    console.config = { uiPath: '/other', apiPath: '/other/status' }
    assert.deepEqual(await closedOf('/panel', '/other/x'), ['/other/x'])
  })
})
