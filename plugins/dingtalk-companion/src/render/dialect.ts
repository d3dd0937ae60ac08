import { commonDialect } from 'common/dialect'
import type { Dialect } from 'common/dialect'

/**
 * What DingTalk makes of the Markdown component of an AI card. Its line breaks are `<br>`, and other HTML disappears.
 * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
 */
export const cardDialect: Dialect = {
  ...commonDialect,
  literalMarks: 'escaped',
  backslashes: 'rendered',
  lineBreaks: '<br>',
  tables: 'blank line',
  otherTags: '&lt;',
  displayMath: 'code',
  thoughts: 'quotation',
}

/**
 * What DingTalk makes of a robot's Markdown message: a line ends with two spaces, and mobile clients show the source of
 * tables.
 * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
 */
export const messageDialect: Dialect = { ...cardDialect, lineBreaks: 'two spaces', tables: 'lists', thoughts: 'removed' }
