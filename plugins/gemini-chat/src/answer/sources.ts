import type { Source } from '../engine/types'

const MAX_SOURCES = 8
const MAX_SEARCHES = 4
const MAX_TITLE_CHARS = 80

/** The pages an answer cites and the searches behind it, collected while it is streamed. */
export class AnswerSources {
  private readonly sources = new Map<string, Source>()
  private readonly searches = new Map<string, Source>()

  /** Adds what is new. Addresses other than http and https are dropped. */
  add(sources: readonly Source[], searches: readonly Source[]) {
    collect(this.sources, sources, MAX_SOURCES)
    collect(this.searches, searches, MAX_SEARCHES)
  }

  /**
   * As Markdown: a numbered list of the sources, and the searches in one line. Empty when there are none.
   * @param label gives the heading in the reader's language
   */
  toMarkdown(label: (name: 'sources' | 'queries') => string): string {
    const items = [...this.sources.values()].map((source, index) => `${index + 1}. ${link(source)}`)
    const searches = [...this.searches.values()].map(link)
    return [
      items.length && [label('sources'), '', ...items].join('\n'),
      searches.length && `${label('queries')} ${searches.join(' · ')}`,
    ].filter(Boolean).join('\n\n')
  }
}

function collect(known: Map<string, Source>, sources: readonly Source[], limit: number) {
  for (const source of sources) {
    const url = webAddress(source.url)
    if (url && known.size < limit) known.set(url, { url, title: shortTitle(source.title, url) })
  }
}

function webAddress(address: string): string | undefined {
  if (!URL.canParse(address)) return
  const url = new URL(address)
  return /^https?:$/.test(url.protocol) ? url.href : undefined
}

function shortTitle(title: string, url: string) {
  const text = title.replace(/\s+/g, ' ').trim()
  return text.length > MAX_TITLE_CHARS ? `${text.slice(0, MAX_TITLE_CHARS - 1)}…` : text || new URL(url).hostname
}

function link({ title, url }: Source) {
  return `[${title.replace(/[\\`*_[\]<>~|&]/g, '\\$&')}](${url.replace(/[()]/g, encodeParenthesis)})`
}

function encodeParenthesis(character: string) {
  return character === '(' ? '%28' : '%29'
}
