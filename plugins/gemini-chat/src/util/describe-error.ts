/** The message of any error in one line. Addresses are left out: those of other platforms carry tokens. */
export function describeError(error: unknown): string {
  const { message = String(error), errors } = (error ?? {}) as { message?: string, errors?: unknown[] }
  const text = [message, ...errors?.map(describeError) ?? []].filter(Boolean).join(', ')
  return text.replace(/\b[a-z][\w+.-]*:\/\/\S+/gi, '<url>').replace(/\s+/g, ' ').slice(0, 300)
}
