/** What the page uses of Koishi's client, which the console provides. Its own sources are no declarations. */
declare module '@koishijs/client' {
  import type { Component, ComputedRef, Ref } from 'vue'

  export interface Context {
    page(options: {
      path: string
      name: () => string
      icon: string
      order: number
      authority: number
      component: Component
    }): void
    slot(options: { type: string, order: number, component: Component }): void
  }

  export const icons: { register(name: string, component: Component): void }

  /** Sends a request to the console's server; `undefined` while there is no connection. */
  export function send(type: string, ...args: unknown[]): Promise<unknown> | undefined

  export function useColorMode(): ComputedRef<'dark' | 'light'>
  export function useConfig(): Ref<{ locale?: string }>
}
