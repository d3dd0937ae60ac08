/** https://ai.google.dev/api/generate-content#GroundingMetadata; anything in it may be missing. */
interface Metadata {
  webSearchQueries?: unknown[]
  groundingChunks?: { web?: { uri?: unknown, title?: unknown } }[]
}

export interface Source {
  title: string
  url: string
}

const MAX_SOURCES = 8
const MAX_QUERIES = 4

/** What an answer rests on, collected from the chunks that say so. */
export class GroundingSources {
  private readonly found = new Map<string, Source>()
  private readonly searched = new Set<string>()

  take(metadata: object) {
    const { webSearchQueries = [], groundingChunks = [] } = metadata as Metadata
    for (const chunk of list(groundingChunks)) {
      const url = safe(chunk?.web?.uri)
      if (url && this.found.size < MAX_SOURCES) this.found.set(url, { url, title: titleOf(chunk.web!.title, url) })
    }
    for (const query of list(webSearchQueries)) {
      if (typeof query === 'string' && query.trim() && this.searched.size < MAX_QUERIES) this.searched.add(query.trim())
    }
  }

  get sources(): Source[] {
    return [...this.found.values()]
  }

  /**
   * Google's terms want its search suggestions shown, but gives them as HTML. Their queries lead to the same place.
   * https://ai.google.dev/gemini-api/docs/google-search#grounding-metadata
   */
  get queries(): Source[] {
    return [...this.searched].map((query) => {
      return { title: query, url: `https://www.google.com/search?${new URLSearchParams({ q: query })}` }
    })
  }

  /** As Markdown: a numbered list of the sources, and the queries in one line. Nothing where there is nothing. */
  toMarkdown(label: (name: 'sources' | 'queries') => string): string {
    const { sources, queries } = this
    const items = sources.map((source, index) => `${index + 1}. ${link(source)}`)
    return [
      sources.length && [label('sources'), '', ...items].join('\n'),
      queries.length && `${label('queries')} ${queries.map(link).join(' · ')}`,
    ].filter(Boolean).join('\n\n')
  }
}

function list<T>(value: T[]): T[] {
  return Array.isArray(value) ? value : []
}

function safe(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return
  const url = new URL(uri)
  return /^https?:$/.test(url.protocol) ? url.href : undefined
}

function titleOf(title: unknown, url: string) {
  const text = typeof title === 'string' ? title.replace(/\s+/g, ' ').trim() : ''
  return text.length > 80 ? `${text.slice(0, 79)}…` : text || new URL(url).hostname
}

function link({ title, url }: Source) {
  return `[${title.replace(/[\\`*_[\]<>~|&]/g, '\\$&')}](${url.replace(/[()]/g, encode)})`
}

function encode(character: string) {
  return character === '(' ? '%28' : '%29'
}
