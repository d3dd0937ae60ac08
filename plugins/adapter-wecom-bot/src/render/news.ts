import { h } from 'koishi'
import { MAX_ARTICLES } from '../protocol/limits'
import { WecomError } from '../util/errors'

/** One entry of a news message. */
export interface Article {
  title: string
  description?: string
  url: string
  picurl?: string
}

/** A news message that WeCom would refuse. */
export class NewsError extends WecomError<'wecom-bot/invalid-news'> {
  override name = 'NewsError'

  /**
   * @param field path of the first wrong field
   * @param requirement what the field must be, as the end of a sentence
   */
  constructor(readonly field: string, requirement: string) {
    super('wecom-bot/invalid-news', `news: "${field}" ${requirement}`)
  }
}

/**
 * Reads `<wecom-bot:news>`. Its articles are children `<wecom-bot:article title="" description="" url="" picurl="">`,
 * or its attribute `content`, an array or JSON.
 * @throws {NewsError} for the first field that is wrong
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function readNews({ attrs, children }: h): Article[] {
  const content: unknown = typeof attrs.content === 'string' ? parse(attrs.content) : attrs.content
  const articles = content ?? h.select(children, 'wecom-bot:article').map(article => article.attrs)
  if (!Array.isArray(articles) || !articles.length || articles.length > MAX_ARTICLES) {
    throw new NewsError('articles', `must be a list of 1 to ${MAX_ARTICLES}`)
  }
  return articles.map(read)
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw new NewsError('content', 'must be JSON')
  }
}

function read(article: unknown, index: number): Article {
  const { title, description, url, picurl } = (article ?? {}) as Record<keyof Article, unknown>
  const path = `articles[${index}]`
  if (typeof title !== 'string' || !title) throw new NewsError(`${path}.title`, 'must be a non-empty string')
  if (!isWebUrl(url)) throw new NewsError(`${path}.url`, 'must be a web address')
  if (picurl !== undefined && !isWebUrl(picurl)) throw new NewsError(`${path}.picurl`, 'must be a web address')
  return { title, description: description === undefined ? undefined : String(description), url, picurl }
}

function isWebUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && /^https?:/.test(value)
}
