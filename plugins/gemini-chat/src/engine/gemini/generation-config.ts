/**
 * The fields of `generationConfig` that differ between generations of models. All others pass unchanged.
 * @see https://ai.google.dev/api/generate-content#generationconfig
 */
export interface GenerationConfig {
  temperature?: number
  topP?: number
  topK?: number
  presencePenalty?: number
  frequencyPenalty?: number
  candidateCount?: number
  maxOutputTokens?: number
  thinkingConfig?: { thinkingLevel?: string, thinkingBudget?: number, includeThoughts?: boolean }
  [key: string]: unknown
}

type Level = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH'

/** The thinking budget, in tokens, that a level stands for on models without levels, and vice versa. */
const BUDGETS: Record<Level, number> = { MINIMAL: 0, LOW: 1024, MEDIUM: 8192, HIGH: 24576 }

interface ModelTraits {
  /** 2.5, 3.8, 4 …; Infinity for aliases and unknown names, which are taken for the newest. */
  version: number
  /** Generates images or speech, and takes no thinking settings. */
  media: boolean
  pro: boolean
  lite: boolean
}

function parseModelId(id: string): ModelTraits {
  const name = id.replace(/^models\//, '').toLowerCase()
  const version = /^gemini-(\d+(?:\.\d+)?)/.exec(name)?.[1]
  return {
    version: name.startsWith('gemma') ? 0 : version ? Number(version) : Infinity,
    media: /-(image|tts|audio|live)\b/.test(name),
    pro: /-pro\b/.test(name),
    lite: /-lite\b/.test(name),
  }
}

/** 2.5, 3.8, 4 …; Infinity for aliases and unknown names, 0 for models of another family. */
export function modelVersion(id: string): number {
  return parseModelId(id).version
}

/**
 * Fits generation parameters to a model, so that one configuration works for all fallback models: what the model would
 * refuse is translated or left out. Returns a new object without undefined and null fields.
 *
 * @see https://ai.google.dev/gemini-api/docs/gemini-3 sampling, thinking levels
 * @see https://ai.google.dev/gemini-api/docs/thinking thinking budgets
 */
export function fitGenerationConfig(id: string, generation: object = {}): GenerationConfig {
  const model = parseModelId(id)
  const { thinkingConfig, ...rest } = generation as GenerationConfig
  const result: GenerationConfig = rest
  // Deprecated since 3; Google asks to remove them from all requests.
  if (model.version >= 3) drop(result, 'temperature', 'topP', 'topK', 'candidateCount')
  // Since 2.5 refused with "Penalty is not enabled for this model".
  if (model.version >= 2.5) drop(result, 'presencePenalty', 'frequencyPenalty')
  if (result.maxOutputTokens !== undefined) result.maxOutputTokens = outputLimit(model, result.maxOutputTokens)
  if (thinkingConfig) result.thinkingConfig = thinking(model, thinkingConfig)
  for (const key in result) {
    if (result[key] == null) delete result[key]
  }
  return result
}

function drop(from: GenerationConfig, ...keys: string[]) {
  for (const key of keys) delete from[key]
}

function outputLimit({ version }: ModelTraits, tokens: number) {
  if (!(tokens >= 1)) return
  return Math.min(Math.floor(tokens), version < 2.5 ? 8192 : 65536)
}

function thinking(model: ModelTraits, config: NonNullable<GenerationConfig['thinkingConfig']>): GenerationConfig['thinkingConfig'] {
  if (model.version < 2.5 || model.media) return
  const { thinkingLevel, thinkingBudget, ...rest } = config
  const level = parseLevel(thinkingLevel) ?? levelOf(thinkingBudget)
  const result: NonNullable<GenerationConfig['thinkingConfig']> = rest
  if (model.version < 3) {
    const budget = thinkingBudget ?? (level && BUDGETS[level])
    if (budget !== undefined) result.thinkingBudget = clamp(model, budget)
  } else if (level) {
    result.thinkingLevel = level === 'MINIMAL' && !hasMinimal(model) ? 'LOW' : level
  }
  return Object.keys(result).length ? result : undefined
}

function parseLevel(level?: string) {
  const name = level?.toUpperCase() as Level
  return name in BUDGETS ? name : undefined
}

/** -1 lets the model decide, which is its default. */
function levelOf(budget?: number): Level | undefined {
  if (budget === undefined || !(budget >= 0)) return
  const levels: Level[] = ['MINIMAL', 'LOW', 'MEDIUM']
  return levels.find(level => budget <= BUDGETS[level]) ?? 'HIGH'
}

/** 3.7 and later, and all Pro models, refuse MINIMAL. */
function hasMinimal({ version, pro }: ModelTraits) {
  return version < 3.7 && !pro
}

function clamp({ pro, lite }: ModelTraits, budget: number) {
  if (budget < 0) return -1
  if (pro) return Math.min(Math.max(budget, 128), 32768)
  // Lite models take 0, or 512 and more.
  return Math.min(lite && budget ? Math.max(budget, 512) : budget, 24576)
}
