import type { Context } from 'koishi'

export const name: string
export const inject: string[]

/** Adds to the console: collapsed groups of settings, durations in words, and notes in the language of the console. */
export function apply(ctx: Context): void
