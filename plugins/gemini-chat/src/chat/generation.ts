import type { Config } from '../config'

type Settings = Pick<Config, 'thinking' | 'outputTokens'>

/**
 * `generationConfig` as the settings have it; the engine makes it fit the model.
 * @param thoughts whether summaries of the thoughts are asked for
 */
export function generationOf({ thinking, outputTokens }: Settings, thoughts: boolean): object {
  const thinkingConfig = {
    ...thinking !== 'default' && { thinkingLevel: thinking.toUpperCase() },
    ...thoughts && { includeThoughts: true },
  }
  return {
    ...outputTokens && { maxOutputTokens: outputTokens },
    ...Object.keys(thinkingConfig).length && { thinkingConfig },
  }
}
