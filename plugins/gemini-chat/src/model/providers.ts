import type { Config } from '../config'
import { DEFAULT_PROVIDER, joinModel, splitModel } from '../engine/providers'
import type { ProviderAddress } from '../engine/providers'
import { parseKeys } from './key-pool'
import type { ApiKey, KeySetting } from './key-pool'
import { modelName } from './model-list'

/** A provider with its keys, and the models that it offers besides those of `model` and `fallbackModels`. */
export interface Provider extends ProviderAddress {
  apiKeys: readonly KeySetting[]
  models: readonly string[]
}

type ProviderConfig = Pick<Config, 'apiKeys' | 'baseUrl' | 'proxy' | 'providers' | 'openaiBaseUrl' | 'openaiApiKeys' | 'openaiProxy'>

/** The name of the provider of the settings `openaiBaseUrl`, `openaiApiKeys`, `openaiModel` and `openaiProxy`. */
const OPENAI_PROVIDER = 'openai'

const OPENAI_BASE_URL = 'https://api.openai.com/v1'

/**
 * The providers of the settings: Gemini, `openai` if it has an address or a key, and those of the list. Of several with
 * one name, the first counts.
 */
export function providersOf(config: ProviderConfig): Provider[] {
  const { apiKeys, baseUrl, proxy, openaiBaseUrl, openaiApiKeys, openaiProxy } = config
  const hasOpenAi = !!openaiBaseUrl || parseKeys({ apiKeys: openaiApiKeys }).length > 0
  const openai: Provider = {
    name: OPENAI_PROVIDER, type: 'openai', baseUrl: openaiBaseUrl || OPENAI_BASE_URL, proxy: openaiProxy,
    apiKeys: openaiApiKeys, models: [],
  }
  const all: Provider[] = [
    { name: DEFAULT_PROVIDER, type: 'gemini', baseUrl, proxy, apiKeys, models: [] },
    ...hasOpenAi ? [openai] : [],
    ...config.providers,
  ]
  return all.filter(({ name }, index) => all.findIndex(other => other.name === name) === index)
}

/**
 * The keys of all providers. One in the dialect of OpenAI may do without: it gets an empty key, which is not sent.
 */
export function keysOf(providers: readonly Provider[]): ApiKey[] {
  const keys: ApiKey[] = []
  for (const { name, type, apiKeys } of providers) {
    const own = parseKeys({ apiKeys })
    const usable = own.length || type !== 'openai' ? own : [{ secret: '', bucket: '#1', position: 1 }]
    const isDefault = name === DEFAULT_PROVIDER
    for (const { secret, bucket } of usable) {
      const position = keys.length + 1
      const unnamed = /^#\d+$/.test(bucket) ? `#${position}` : bucket
      keys.push(isDefault
        ? { secret, bucket: unnamed, position }
        : { secret, bucket: `${name} ${unnamed}`, position, provider: name })
    }
  }
  return keys
}

type ModelConfig = Pick<Config, 'model' | 'fallbackModels' | 'openaiModel'>

/**
 * The models to try for a question, best first: `model`, `fallbackModels` and `openaiModel`. Those of providers without
 * a key are left out, unless no provider has one.
 */
export function modelsOf(
  { model, fallbackModels, openaiModel }: ModelConfig, providers: readonly Provider[],
): string[] {
  const names = providers.map(({ name }) => name)
  const isOpenAi = names.includes(OPENAI_PROVIDER) && !!openaiModel
  const all = [model, ...fallbackModels, ...isOpenAi ? [joinModel(OPENAI_PROVIDER, openaiModel)] : []].map(modelName)
  const withKeys = new Set(keysOf(providers).map(({ provider = DEFAULT_PROVIDER }) => provider))
  const usable = all.filter(name => withKeys.has(splitModel(name, names).provider))
  return usable.length ? usable : all
}

/** The models that the providers offer, by their full names. */
export function offeredModels(providers: readonly Provider[]): string[] {
  return providers.flatMap(({ name, models }) => models.map(model => joinModel(name, model.trim())))
}
