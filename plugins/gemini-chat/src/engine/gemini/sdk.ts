import { readFileSync } from 'node:fs'
import { compileFunction } from 'node:vm'
import type * as GoogleGenerativeAi from '@google/generative-ai'
import { EngineError } from '../error'
import type { Fetch } from '../http/transport'

export type Sdk = typeof GoogleGenerativeAi

/**
 * Loads a private copy of `@google/generative-ai` that calls our `fetch`. The SDK has no option for a `fetch`, an agent
 * or a dispatcher; it calls whatever `fetch` means in its scope. Compiling its source again with our `fetch` in scope
 * leaves the global `fetch` and other copies of the SDK alone. Each copy has error classes of its own.
 *
 * @throws {EngineError} if the SDK is not installed, or its source does not call `fetch` as expected
 */
export function loadSdk(fetch: Fetch): Sdk {
  let filename: string
  try {
    filename = require.resolve('@google/generative-ai')
  } catch {
    throw new EngineError('protocol', '找不到 @google/generative-ai，请重新安装本插件。 '
      + '@google/generative-ai cannot be found: install the plugin again.')
  }
  const source = readFileSync(filename, 'utf8')
  // If it reached the network in another way, requests would go around the proxy.
  if (!source.includes('fetchFn = fetch') || /globalThis|\brequire\(/.test(source)) {
    throw new EngineError('protocol', '不支持这个版本的 @google/generative-ai，请安装 0.24.1。 '
      + 'This version of @google/generative-ai is not supported: install 0.24.1.')
  }
  const exports = {} as Sdk
  compileFunction(source, ['exports', 'fetch'], { filename })(exports, fetch)
  return exports
}
