/** What a system prompt may name: `{date}`, `{user}` and `{platform}`. */
export interface Variables {
  date: Date
  user: string
  platform: string
}

/**
 * Fills in a system prompt.
 * @returns nothing when there is nothing in it
 */
export function fill(prompt: string, { date, user, platform }: Variables): string | undefined {
  const values: Record<string, string> = { date: dayOf(date), user: user.replace(/\s+/g, ' ').slice(0, 60), platform }
  return prompt.replace(/\{(date|user|platform)\}/g, (_, name) => values[name]).trim() || undefined
}

/** The day alone: with the time in it no two requests would begin alike, and Gemini could cache nothing. */
function dayOf(date: Date) {
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
