const MAX_CHARACTERS = 300

/** The message of an error in one line. URLs are left out, because they may carry tokens. */
export function describeError(error: unknown): string {
  const { message = String(error), errors } = (error ?? {}) as { message?: string, errors?: unknown[] }
  const text = [message, ...errors?.map(describeError) ?? []].filter(Boolean).join(', ')
  return text.replace(/\b[a-z][\w+.-]*:\/\/\S+/gi, '<url>').replace(/\s+/g, ' ').slice(0, MAX_CHARACTERS)
}
