import assert from 'node:assert/strict'
import { Logger } from 'koishi'
import * as consoleGate from '../../../bin/instance/console-gate'
import { KoishiServer } from '../../support/koishi-server'

describe('a login that cannot be handled', () => {
  const warnings: string[] = []
  const target: Logger.Target = { record: ({ type, content }) => void (type === 'warn' && warnings.push(content)) }
  let server: KoishiServer

  before(async () => {
    Logger.targets.push(target)
    server = await KoishiServer.start((app) => {
      const save = () => { throw new Error('the launcher is gone') }
      app.plugin(consoleGate, { password: 'correct horse', uiPath: '/console', announce() {}, save })
    })
  })
  after(async () => {
    Logger.targets.splice(Logger.targets.indexOf(target), 1)
    await server.stop()
  })

  it('is logged, and its connection is closed instead of left without an answer', async () => {
    const body = new URLSearchParams({ password: 'correct horse' })
    const headers = { origin: `http://127.0.0.1:${server.port}` }
    await assert.rejects(fetch(`http://127.0.0.1:${server.port}/console/login`, { method: 'POST', body, headers }))
    assert.match(warnings.join('\n'), /the launcher is gone/)
  })
})
