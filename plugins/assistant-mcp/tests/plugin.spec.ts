import assert from 'node:assert/strict'
import { Context } from 'koishi'
import { until } from 'common/testing'
import { Config } from '../src'
import * as plugin from '../src'

describe('the plugin', () => {
  it('connects while there is an assistant', async () => {
    const app = new Context()
    const offered: string[] = []
    app.plugin(plugin, new Config({ servers: [{ name: 'demo', command: '/nonexistent/program' }] } as Config))
    await app.start()
    assert.equal(app.$commander.get('mcp'), undefined)
    app.provide('assistant')
    app.set('assistant' as never, { tool: ({ name }: { name: string }) => offered.push(name) } as never)
    await until(() => app.$commander.get('mcp') !== undefined)
    const parts: { source: string, servers: { name: string, status: string, reason?: string }[] }[] = []
    await until(() => {
      parts.splice(0)
      app.emit('assistant-status/now', parts)
      return parts[0].servers[0].status === 'failed'
    })
    assert.deepEqual([parts[0].source, parts[0].servers[0].name], ['mcp-servers', 'demo'])
    assert.match(parts[0].servers[0].reason!, /ENOENT/)
    app.set('assistant' as never, undefined as never)
    await until(() => app.$commander.get('mcp') === undefined)
    assert.deepEqual(offered, [])
    await app.stop()
  })
})
