import Module from 'node:module'

/** When a deferred module is loaded at the latest: at its first use, or after the start. */
type Deferral = 'until used' | 'until started'

/** By the folder of the package that requires it, what is not needed to start. */
export const DEFERRED: Record<string, Record<string, Deferral>> = {
  // Connections through a proxy. `undici` alone has a hundred files.
  'node_modules/@cordisjs/plugin-proxy-agent': {
    undici: 'until used',
    socks: 'until used',
    'http-proxy-agent': 'until used',
    'https-proxy-agent': 'until used',
    'socks-proxy-agent': 'until used',
  },
  // Bundled into the plugins; only `npm run dev` loads it from here.
  'packages/common': { socks: 'until used', 'https-proxy-agent': 'until used', 'socks-proxy-agent': 'until used' },
  'plugins/adapter-wecom-bot': { socks: 'until used', 'https-proxy-agent': 'until used', 'socks-proxy-agent': 'until used' },
  'plugins/gemini-chat': {
    socks: 'until used',
    'https-proxy-agent': 'until used',
    'socks-proxy-agent': 'until used',
    // Office files.
    fflate: 'until used',
    saxes: 'until used',
    // The first answer needs these.
    marked: 'until started',
    '@cfworker/json-schema': 'until started',
  },
  // Bodies of requests: the first message needs `co-body`, only the upload of a form `formidable`.
  'node_modules/koa-body': { 'co-body': 'until started', formidable: 'until used' },
  // Pages of the console.
  'node_modules/@koishijs/plugin-status': { envinfo: 'until used' },
  'node_modules/@koishijs/registry': { semver: 'until used' },
}

/** CommonJS modules that export a function. */
const FUNCTIONS = new Set(['co-body', 'formidable'])

interface ModuleLoader {
  _load(request: string, parent?: NodeJS.Module, isMain?: boolean): unknown
  _resolveFilename(request: string, parent: NodeJS.Module): string
  _cache: Record<string, unknown>
}

type Exports = Record<string | symbol, unknown>

/** The deferral of a module that this package requires. */
function deferralOf(request: string, parent: NodeJS.Module | undefined, folders: readonly string[] = []) {
  const path = parent?.filename?.replaceAll('\\', '/') ?? ''
  const folder = folders.find(folder => path.includes(`/${folder}/`))
  return folder === undefined ? undefined : DEFERRED[folder]![request]
}

/**
 * Puts off loading what plugins require but do not use while they start, which is about a third of all files. Each gets
 * an object that loads the module when it is first read from. Whether the module is installed is checked at once, as
 * before. Others that require the same module are not affected.
 */
export function deferModules() {
  const loader = Module as unknown as ModuleLoader
  const { _load: load } = loader
  const untilStarted: (() => unknown)[] = []
  const foldersOf = new Map<string, string[]>()
  for (const [folder, requests] of Object.entries(DEFERRED)) {
    for (const request of Object.keys(requests)) foldersOf.set(request, [...foldersOf.get(request) ?? [], folder])
  }

  loader._load = function(request, parent, isMain) {
    const deferral = deferralOf(request, parent, foldersOf.get(request))
    if (!deferral || loader._resolveFilename(request, parent!) in loader._cache) {
      return load.call(this, request, parent, isMain)
    }
    let exports: Exports | undefined
    const get = () => exports ??= load.call(loader, request, parent, false) as Exports
    if (deferral === 'until started') untilStarted.push(get)
    return deferred(get, FUNCTIONS.has(request))
  }

  return {
    /** Loads what the first message needs, one module at a time. An error is that of the first use. */
    async loadUntilStarted() {
      for (const get of untilStarted.splice(0)) {
        await new Promise(resolve => setImmediate(resolve))
        try {
          get()
        } catch {}
      }
    },
    restore() {
      loader._load = load
    },
  }
}

/** Stands for what a module exports, and loads it when it is first used. */
function deferred(get: () => Exports, isFunction: boolean): Exports {
  const target = (isFunction ? () => {} : {}) as Exports
  return new Proxy(target, {
    // Only transpiled modules have this mark, and whether they do is asked when they are required.
    get: (_, name) => isFunction && name === '__esModule' ? undefined : get()[name],
    set: (_, name, value) => Reflect.set(get(), name, value),
    has: (_, name) => name in get(),
    ownKeys: () => Reflect.ownKeys(get()),
    getPrototypeOf: () => Reflect.getPrototypeOf(get()),
    getOwnPropertyDescriptor(_, name) {
      const descriptor = Reflect.getOwnPropertyDescriptor(get(), name)
      return descriptor && { ...descriptor, configurable: true }
    },
    apply: (_, self, args) => Reflect.apply(get() as unknown as () => unknown, self, args) as unknown,
  })
}
