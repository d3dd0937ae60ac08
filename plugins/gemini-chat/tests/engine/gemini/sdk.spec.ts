import { buildSync } from 'esbuild'
import assert from 'node:assert'
import Module, { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { createGemini } from 'testkit'
import type * as engine from '../../../src/engine/gemini'
import { loadSdk } from '../../../src/engine/gemini/sdk'
import { limits } from '../../support/gemini-engine'

const root = resolve(__dirname, '../../..')

describe('the private copy of the SDK', () => {
  it('calls the fetch it was given, and no other', async () => {
    const original = globalThis.fetch
    const called: unknown[] = []
    globalThis.fetch = () => assert.fail('the global fetch was called')
    try {
      const { GoogleGenerativeAI } = loadSdk(async (url) => {
        called.push(url)
        return Response.json({ candidates: [{ content: { parts: [{ text: 'ok' }] } }] })
      })
      const model = new GoogleGenerativeAI('key').getGenerativeModel({ model: 'gemini-3.8-flash' })
      const { response } = await model.generateContent('hi')
      assert.equal(response.text(), 'ok')
      assert.equal(called.length, 1)
    } finally {
      globalThis.fetch = original
    }
  })

  it('is separate from other copies', () => {
    const fetch = async () => new Response()
    const shared = createRequire(__filename)('@google/generative-ai')
    assert.notEqual(loadSdk(fetch).GoogleGenerativeAI, shared.GoogleGenerativeAI)
    assert.notEqual(loadSdk(fetch).GoogleGenerativeAI, loadSdk(fetch).GoogleGenerativeAI)
  })

  describe('in a bundled plugin', () => {
    const { outputFiles: [{ text }] } = buildSync({
      entryPoints: [resolve(root, 'src/engine/gemini/index.ts')],
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'cjs',
      write: false,
      logLevel: 'error',
    })

    /** Runs the bundle as if it were in this folder. */
    function run(filename: string) {
      const module = new Module(filename) as Module & { _compile(code: string, filename: string): void }
      module.filename = filename
      module.paths = createRequire(filename).resolve.paths('x') ?? []
      module._compile(text, filename)
      return module.exports as typeof engine
    }

    it('is found', async () => {
      const gemini = await createGemini()
      const engine = run(resolve(root, 'lib/index.js')).createGeminiEngine({ ...limits, baseUrl: gemini.url })
      const events = []
      const request = { model: 'gemini-3.8-flash', contents: [{ role: 'user' as const, parts: [{ text: 'hi' }] }] }
      const options = { signal: new AbortController().signal, key: 'key' }
      for await (const event of engine.stream(request, options)) events.push(event)
      assert.deepEqual(events.at(-1), { type: 'end', reason: 'stop', detail: 'STOP' })
      engine.dispose()
      await gemini.close()
    })
  })

  it('says what to do when it is not installed', () => {
    const resolver = Module as unknown as { _resolveFilename(request: string, ...rest: unknown[]): string }
    const original = resolver._resolveFilename
    resolver._resolveFilename = (request, ...rest) => {
      if (request === '@google/generative-ai') throw Object.assign(new Error(), { code: 'MODULE_NOT_FOUND' })
      return original.call(resolver, request, ...rest)
    }
    try {
      assert.throws(() => loadSdk(async () => new Response()), { kind: 'protocol', message: /请重新安装.*install the plugin again/ })
    } finally {
      resolver._resolveFilename = original
    }
  })
})
