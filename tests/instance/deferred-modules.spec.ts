import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DEFERRED, deferModules } from '../../bin/instance/deferred-modules'
import { Instance, root, wecom } from '../support/instance'

type Exports = Record<string, unknown>

const pairs = Object.entries(DEFERRED).flatMap(([folder, requests]) => {
  return Object.entries(requests).map(([request, deferral]) => ({ folder, request, deferral }))
})

/** The package that a file belongs to. */
function packageOf(file: string): string {
  return /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file
}

describe('modules that are not needed to start', () => {
  describe('in the instance', () => {
    let instance: Instance | undefined
    let first: Set<string>
    let end: Set<string>

    before(async function() {
      this.timeout(240_000)
      const folder = await mkdtemp(join(tmpdir(), 'modules-'))
      try {
        instance = await Instance.start({
          env: {
            ...wecom, GEMINI_API_KEY: 'spec', LOADED_MODULES: join(folder, 'list'),
            NODE_OPTIONS: `-r ${require.resolve('../support/loaded-modules.cjs')}`,
          },
        })
        await instance.ready()
        await (await instance.get('/')).text()
        await instance.close()
        const packagesAt = async (moment: string) => {
          const files = JSON.parse(await readFile(join(folder, `list.${moment}`), 'utf8')) as string[]
          return new Set(files.map(packageOf))
        }
        first = await packagesAt('first-answer')
        end = await packagesAt('end')
      } finally {
        await instance?.close()
        await rm(folder, { recursive: true, force: true })
      }
    })

    for (const request of new Set(pairs.filter(({ deferral }) => deferral === 'until used').map(pair => pair.request))) {
      it(`${request} is not loaded as long as nothing uses it`, () => {
        assert.ok(first.has('koishi'))
        assert.ok(!first.has(request))
        assert.ok(!end.has(request))
      })
    }

    for (const { request } of pairs.filter(({ deferral }) => deferral === 'until started')) {
      it(`${request}, which the first message needs, is loaded after the start`, () => assert.ok(end.has(request)))
    }
  })

  describe('each of them', () => {
    /** What a package gets for a module that was not loaded before, and the module. */
    function requireDeferred(folder: string, request: string): { deferred: Exports, real: Exports } {
      const load = createRequire(join(root, folder, 'spec.js'))
      const file = load.resolve(request)
      const real = load(request) as Exports
      const { [file]: loaded } = require.cache
      const { restore } = deferModules()
      try {
        delete require.cache[file]
        const deferred = load(request) as Exports
        assert.notEqual(deferred, real)
        assert.ok(!(file in require.cache))
        return { deferred, real }
      } finally {
        require.cache[file] = loaded
        restore()
      }
    }

    for (const { folder, request } of pairs) {
      it(`${request} is to ${folder} what it would be without`, () => {
        const { deferred, real } = requireDeferred(folder, request)
        assert.equal(deferred.__esModule, real.__esModule)
        assert.equal(typeof deferred, typeof real)
        assert.deepEqual(Object.keys(deferred), Object.keys(real))
        assert.equal(Object.getPrototypeOf(deferred), Object.getPrototypeOf(real))
        for (const name of Object.keys(real)) {
          assert.ok(name in deferred)
          assert.equal(deferred[name], real[name])
        }
      })
    }

    it('can be called, where it is a function', () => {
      const { deferred } = requireDeferred('node_modules/koa-body', 'formidable')
      const form = (deferred as unknown as (options: object) => { options: { maxFields: number } })({ maxFields: 7 })
      assert.equal(form.options.maxFields, 7)
    })

    it('is itself where it was loaded before', () => {
      const load = createRequire(join(root, 'node_modules/koa-body/spec.js'))
      const real: unknown = load('co-body')
      const { restore } = deferModules()
      try {
        assert.equal(load('co-body'), real)
      } finally {
        restore()
      }
    })

    it('is itself to other packages', () => {
      const { restore } = deferModules()
      try {
        const load = createRequire(join(root, 'node_modules/koa/spec.js'))
        const file = load.resolve('co-body')
        load('co-body')
        assert.ok(file in require.cache)
      } finally {
        restore()
      }
    })
  })

  describe('errors', () => {
    let folder: string

    beforeEach(async () => {
      folder = join(await mkdtemp(join(tmpdir(), 'modules-')), 'node_modules')
      await mkdir(join(folder, 'koa-body'), { recursive: true })
    })

    afterEach(() => rm(dirname(folder), { recursive: true, force: true }))

    it('a module that is not installed is missed at once, as before', () => {
      const load = createRequire(join(folder, 'koa-body/spec.js'))
      const { restore } = deferModules()
      try {
        assert.throws(() => load('co-body'), { code: 'MODULE_NOT_FOUND' })
      } finally {
        restore()
      }
    })

    it('the error of a module is thrown at its first use, and does not stop what is loaded after the start', async () => {
      for (const [name, source] of [['co-body', "throw new Error('is broken')"], ['marked', 'exports.isLoaded = true']]) {
        await mkdir(join(folder, name!))
        await writeFile(join(folder, name!, 'index.js'), source!)
      }
      const { restore, loadUntilStarted } = deferModules()
      try {
        const broken = createRequire(join(folder, 'koa-body/spec.js'))('co-body') as Exports
        const load = createRequire(join(folder, 'plugins/gemini-chat/spec.js'))
        load('marked')
        await loadUntilStarted()
        assert.ok(load.resolve('marked') in require.cache)
        assert.throws(() => broken.json, { message: 'is broken' })
      } finally {
        restore()
      }
    })
  })
})
