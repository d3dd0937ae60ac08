import { commonDialect } from 'common/dialect'
import type { Dialect } from 'common/dialect'

/**
 * What WeCom makes of the Markdown of a stream, of `response_url` and of active messages of intelligent bots. It has no
 * escape character: a backslash is shown, and `\\[` begins a formula.
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */
export const streamDialect: Dialect = {
  ...commonDialect,
  literalMarks: 'spaced',
  backslashes: 'removed',
  lineBreaks: 'rendered',
  tables: 'rendered',
  otherTags: 'rendered',
  displayMath: 'rendered',
  thoughts: 'rendered',
}

/**
 * What WeCom makes of `markdown_v2` of a group webhook: the same, except that nothing is folded away.
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export const webhookDialect: Dialect = { ...streamDialect, thoughts: 'removed' }
