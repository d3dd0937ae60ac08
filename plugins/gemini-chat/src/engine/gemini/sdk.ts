import { readFileSync } from 'node:fs'
import { compileFunction } from 'node:vm'
import type * as GoogleGenerativeAi from '@google/generative-ai'
import { EngineError } from '../error'
import type { Fetch } from './transport'

export type Sdk = typeof GoogleGenerativeAi

/**
 * Loads a private copy of `@google/generative-ai` that calls our `fetch`. The SDK takes no `fetch`, agent or
 * dispatcher; it calls whatever the name `fetch` means where its code was compiled. So we compile it once more where
 * the name means ours, and touch neither the global `fetch` nor anybody else's copy of the SDK.
 *
 * The error classes of a copy are its own.
 *
 * @throws {EngineError} when the SDK is not installed, or calls `fetch` in another way than the one known here
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
  // Were it to reach for the network in another way, requests would go past the proxy.
  if (!source.includes('fetchFn = fetch') || /globalThis|\brequire\(/.test(source)) {
    throw new EngineError('protocol', '不支持这个版本的 @google/generative-ai，请安装 0.24.1。 '
      + 'This version of @google/generative-ai is not supported: install 0.24.1.')
  }
  const exports = {} as Sdk
  compileFunction(source, ['exports', 'fetch'], { filename })(exports, fetch)
  return exports
}
