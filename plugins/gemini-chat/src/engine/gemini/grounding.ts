import type { Source } from '../types'

/**
 * Where an answer that used Google Search comes from. Any field may be missing, and relays send anything.
 * @see https://ai.google.dev/api/generate-content#GroundingMetadata
 */
export interface GroundingMetadata {
  webSearchQueries?: unknown
  groundingChunks?: unknown
}

/**
 * Google's terms require showing its search suggestions, which come as HTML. A link to the same query replaces them.
 * @see https://ai.google.dev/gemini-api/docs/google-search#grounding-metadata
 */
export function readGrounding(metadata: GroundingMetadata): { sources: Source[], searches: Source[] } {
  const chunks: ({ web?: { uri?: unknown, title?: unknown } } | null)[] = list(metadata.groundingChunks)
  const sources = chunks.flatMap((chunk) => {
    const { uri, title } = chunk?.web ?? {}
    return typeof uri === 'string' ? [{ url: uri, title: typeof title === 'string' ? title : '' }] : []
  })
  const queries = list(metadata.webSearchQueries).filter(query => typeof query === 'string')
  return { sources, searches: queries.flatMap(searchLink) }
}

function searchLink(text: string): Source[] {
  const query = text.trim()
  return query ? [{ title: query, url: `https://www.google.com/search?${new URLSearchParams({ q: query })}` }] : []
}

function list(value: unknown) {
  return Array.isArray(value) ? value : []
}
