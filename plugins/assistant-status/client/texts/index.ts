import { useConfig } from '@koishijs/client'
import { computed } from 'vue'
import type { ComputedRef } from 'vue'
import { enUS } from './en-US'
import { zhCN } from './zh-CN'
import type { Texts } from './zh-CN'

export type { Texts }

/** The texts in the language of the console. */
export function useTexts(): ComputedRef<Texts> {
  const config = useConfig()
  return computed(() => config.value.locale?.startsWith('en') ? enUS : zhCN)
}

/** The text of a name, or the name itself: other plugins may have names of their own. */
export function textOf(texts: Record<string, string>, name: string): string {
  return Object.hasOwn(texts, name) ? texts[name] : name
}
