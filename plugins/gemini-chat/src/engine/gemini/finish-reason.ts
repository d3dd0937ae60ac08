/**
 * Numbers of finish reasons, which some relays send instead of their names.
 * @see https://ai.google.dev/api/generate-content#FinishReason
 */
const NAMES = [undefined, 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER']

/** Reads a finish reason. @returns undefined if it says nothing */
export function readFinishReason(value: unknown): string | undefined {
  if (typeof value === 'number') return value in NAMES ? NAMES[value] : `FINISH_REASON_${value}`
  if (typeof value !== 'string') return
  const name = value.trim().toUpperCase()
  return ['', 'NULL', 'NONE', 'FINISH_REASON_UNSPECIFIED'].includes(name) ? undefined : name
}
