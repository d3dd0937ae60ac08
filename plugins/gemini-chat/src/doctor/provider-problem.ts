import { DEFAULT_PROVIDER } from '../engine/providers'
import type { ProviderAddress } from '../engine/providers'
import { problem } from './finding'
import type { Finding } from './finding'

/** The advice that speaks of Google; each has one for other providers. */
const OF_GEMINI = ['auth', 'server', 'network', 'network-proxy', 'protocol']

const DIALECTS: Record<ProviderAddress['type'], string> = { gemini: 'Gemini', openai: 'OpenAI' }

/** A problem with a provider, with the advice for it. */
export function providerProblem(
  path: string, params: object, hint: string,
  { name = DEFAULT_PROVIDER, type = 'gemini' }: Partial<Pick<ProviderAddress, 'name' | 'type'>>,
): Finding {
  if (name === DEFAULT_PROVIDER || !OF_GEMINI.includes(hint)) return problem(path, params, hint)
  return problem(path, params, `${hint}-other`, { provider: name, dialect: DIALECTS[type] })
}
