import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { SystemClock } from 'common/time'
import { Config } from '../src/config'
import type { ServerSetting } from '../src/config'
import { MAX_MESSAGE_BYTES } from '../src/limit-messages'
import type { AssistantTool } from '../src/mcp-tool'
import { ServerConnection } from '../src/server-connection'

async function until(condition: () => boolean) {
  for (let i = 0; !condition(); i++) {
    if (i > 2000) throw new Error('it did not happen')
    await setTimeout(10)
  }
}

describe('an MCP server', function() {
  this.timeout(120_000)

  let tools: Map<string, AssistantTool>
  let lines: string[]
  let disposal: AbortController
  let running: Promise<void>[]
  let clock: SystemClock
  let web: Server | undefined

  beforeEach(() => {
    tools = new Map()
    lines = []
    disposal = new AbortController()
    running = []
    clock = new SystemClock()
    web = undefined
  })

  afterEach(async () => {
    disposal.abort()
    clock.dispose()
    await Promise.all(running)
    web?.closeAllConnections()
    web?.close()
  })

  function connect(
    setting: Partial<ServerSetting>, privateHosts: string[] = [], environment: Record<string, string> = {},
  ) {
    const { servers } = new Config({ servers: [{ name: 'demo', ...setting }] } as Config)
    const connection = new ServerConnection({
      setting: servers[0],
      privateHosts,
      environment,
      clock,
      random: () => 0,
      signal: disposal.signal,
      register(tool) {
        tools.set(tool.name, tool)
        return () => {
          if (tools.get(tool.name) === tool) tools.delete(tool.name)
        }
      },
      log: { info: line => lines.push(line), warn: line => lines.push(line) },
    })
    running.push(connection.run())
    return connection
  }

  const program = (setting: Partial<ServerSetting> = {}) => ({
    command: process.execPath,
    args: ['-r', 'esbuild-register', join(__dirname, 'support/example-server.ts')],
    env: { GREETED: '${NAME_OF_PERSON}' },
    ...setting,
  })
  const environment = { NAME_OF_PERSON: 'secret-alice' }
  const call = (name: string) => tools.get(name)!.run({}, { signal: disposal.signal })

  describe('that is a program', () => {
    it('gives its tools, asks before those that are not read-only, and gets variables of the environment', async () => {
      const connection = connect(program(), [], environment)
      await until(() => connection.state.status === 'connected')
      assert.deepEqual([...tools.keys()], ['demo_greet', 'demo_write', 'demo_fail', 'demo_hang', 'demo_die'])
      assert.deepEqual([...tools.values()].map(({ confirm }) => confirm), [false, true, false, false, false])
      assert.equal(await call('demo_greet'), 'hello ***')
    })

    it('can fail, without the value of a variable in what it says', async () => {
      const connection = connect(program({ include: ['fail'] }), [], environment)
      await until(() => connection.state.status === 'connected')
      await assert.rejects(call('demo_fail'), /^Error: no, \*\*\*$/)
    })

    it('can hang, which costs the call its time limit, and nothing else', async () => {
      const connection = connect(program({ timeout: 1000 }), [], environment)
      await until(() => connection.state.status === 'connected')
      await assert.rejects(call('demo_hang'), /timed out/i)
      assert.equal(await call('demo_greet'), 'hello ***')
    })

    it('can die: it has no tools until it was started again', async () => {
      const connection = connect(program(), [], environment)
      await until(() => connection.state.status === 'connected')
      const before = tools.get('demo_greet')
      await assert.rejects(call('demo_die'))
      await until(() => tools.has('demo_greet') && tools.get('demo_greet') !== before)
      assert.equal(await call('demo_greet'), 'hello ***')
      assert.match(lines.join('\n'), /demo: .*closed.*\ndemo: connected, 5 tools/)
    })

    it('can send a message of any size, but a larger one than allowed ends the connection, which is made again', async () => {
      const flooding = (bytes: number) => program({ include: ['flood', 'greet'], env: { GREETED: 'you', FLOOD: String(bytes) } })
      const connection = connect(flooding(MAX_MESSAGE_BYTES))
      await until(() => connection.state.status === 'connected')
      const before = tools.get('demo_flood')
      await assert.rejects(call('demo_flood'), /more than 4 MB/)
      await until(() => tools.has('demo_flood') && tools.get('demo_flood') !== before)
      assert.equal(await call('demo_greet'), 'hello you')
      assert.match(lines.join('\n'), /demo: the server sent a message of more than 4 MB; .*\ndemo: connected, 2 tools/)
    })

    it('can send a message of nearly the allowed size, of which the model gets a part', async () => {
      const connection = connect(program({ include: ['flood'], env: { FLOOD: String(MAX_MESSAGE_BYTES - 1000) } }))
      await until(() => connection.state.status === 'connected')
      assert.equal((await call('demo_flood')).length, 200_000)
    })

    it('ends with the plugin', async () => {
      const connection = connect(program(), [], environment)
      await until(() => connection.state.status === 'connected')
      disposal.abort()
      clock.dispose()
      await Promise.all(running)
      assert.equal(tools.size, 0)
    })

    it('that does not exist costs its tools only, and is reported once', async () => {
      const connection = connect({ command: '/nonexistent/program' })
      await until(() => connection.state.status === 'failed')
      assert.match(lines.join(), /^demo: .*ENOENT.*tried again$/)
    })
  })

  it('needs the variables of its setting', async () => {
    const connection = connect(program())
    await until(() => connection.state.status === 'failed')
    assert.match(lines[0], /the variable NAME_OF_PERSON is not set/)
  })

  it('needs either a program or an address', async () => {
    for (const setting of [{}, { command: 'x', url: 'https://example.com' }]) {
      const connection = connect(setting)
      await until(() => connection.state.status === 'failed')
      assert.match(lines.at(-1)!, /either a program or an address/)
    }
  })

  describe('that has an address', () => {
    let requests: IncomingMessage[]
    const serve = async (): Promise<URL> => {
      requests = []
      web = createServer((request, response) => {
        requests.push(request)
        if (request.url === '/moved') return void response.writeHead(307, { location: '/mcp' }).end()
        const server = new McpServer({ name: 'web', version: '1.0.0' })
        server.registerTool('search_wiki', { annotations: { readOnlyHint: true } }, () => ({ content: [{ type: 'text', text: 'found' }] }))
        server.registerTool('drop', {}, () => ({ content: [] }))
        server.registerTool('flood', {}, () => ({ content: [{ type: 'text', text: 'x'.repeat(MAX_MESSAGE_BYTES) }] }))
        const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
        response.on('close', () => void transport.close())
        void server.connect(transport as never).then(() => transport.handleRequest(request, response))
      })
      await new Promise<void>(resolve => web!.listen(0, '127.0.0.1', resolve))
      return new URL(`http://127.0.0.1:${(web.address() as AddressInfo).port}/mcp`)
    }

    it('gets its headers, and is called', async () => {
      const url = await serve()
      const setting = { url: url.href, headers: { authorization: 'Bearer ${TOKEN}' }, include: ['search_*'] }
      const connection = connect(setting, [url.host], { TOKEN: 'top-secret-token' })
      await until(() => connection.state.status === 'connected')
      assert.deepEqual([...tools.keys()], ['demo_search_wiki'])
      assert.equal(await call('demo_search_wiki'), 'found')
      assert.ok(requests.every(({ headers }) => headers.authorization === 'Bearer top-secret-token'))
      assert.ok(!lines.join().includes('top-secret'))
    })

    it('is not connected to in a private network unless its host is named', async () => {
      const url = await serve()
      const connection = connect({ url: url.href })
      await until(() => connection.state.status === 'failed')
      assert.equal(requests.length, 0)
      assert.match(lines[0], /private network/)
    })

    it('is not followed to another place', async () => {
      const url = await serve()
      const connection = connect({ url: new URL('/moved', url).href }, [url.host])
      await until(() => connection.state.status === 'failed')
      assert.ok(requests.every(({ url }) => url === '/moved'))
    })

    it('loses the connection at a message that is too large, and is connected to again', async () => {
      const url = await serve()
      const connection = connect({ url: url.href, include: ['flood', 'search_*'] }, [url.host])
      await until(() => connection.state.status === 'connected')
      const before = tools.get('demo_flood')
      await assert.rejects(call('demo_flood'), /more than 4 MB/)
      await until(() => tools.has('demo_flood') && tools.get('demo_flood') !== before)
      assert.equal(await call('demo_search_wiki'), 'found')
    })

    it('loses its tools when it cannot be reached, and gets them back', async () => {
      const url = await serve()
      const connection = connect({ url: url.href }, [url.host])
      await until(() => connection.state.status === 'connected')
      const gone = web!
      await new Promise((resolve) => {
        gone.close(resolve)
        gone.closeAllConnections()
      })
      await assert.rejects(call('demo_search_wiki'), /cannot be reached/)
      await until(() => tools.size === 0)
      await serve().then(async () => {
        web!.close()
        await new Promise<void>(resolve => web!.listen(Number(url.port), '127.0.0.1', resolve))
      })
      await until(() => connection.state.status === 'connected')
    })
  })
})
