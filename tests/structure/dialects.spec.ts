import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Dialect } from 'common/dialect'
import { streamDialect, webhookDialect } from '../../plugins/adapter-wecom-bot/src/render/dialect'
import { cardDialect, messageDialect } from '../../plugins/dingtalk-companion/src/render/dialect'

const dialects = [streamDialect, webhookDialect, messageDialect, cardDialect]

type Handling = Dialect[keyof Dialect]

/** The words of a page for the constructs and for what is done with them, in the order of the page. */
interface Words {
  constructs: Record<keyof Dialect, string>
  handlings: Record<Exclude<Handling, 'removed'>, string>
  removed: Partial<Record<keyof Dialect, string>>
}

const pages: Record<string, Words> = {
  'docs/platforms/dialects.md': {
    constructs: {
      headings: '标题 `# 一`', emphasis: '粗体、斜体', emphasisBesideChinese: '标点旁的粗体 `**注意：**正文`',
      strikethrough: '删除线 `~~旧~~`', literalMarks: '不是标记的 `~` 和 `*`，如 `10~20℃`', backslashes: '反斜杠 `\\*`',
      code: '代码、代码块', quotes: '引用', lists: '列表', nestedLists: '缩进不足的嵌套列表', tasks: '任务 `- [x]`', rules: '分隔线',
      lineBreaks: '段落内换行', tables: '表格', cellBreaks: '单元格里的 `<br>`', links: '链接',
      linkTargets: '带空格、括号、标题的链接地址', localLinks: '不是网页的链接，如 `#一`', addresses: '紧跟中文的网址', images: '图片',
      footnotes: '脚注 `[^1]`', html: 'HTML 格式，如 `<b>`', otherTags: '尖括号里的词，如 `<token>`', scripts: '`<sub>`、`<sup>`',
      entities: '字符实体 `&nbsp;`', inlineMath: '行内公式 `\\(x\\)`、`$x$`', displayMath: '独立公式 `$$`、`\\[ \\]`', thoughts: '思考 `<think>`',
    },
    handlings: {
      rendered: '原样', spaced: '加细空格', escaped: '加反斜杠', '&lt;': '写成 `&lt;`', indented: '补足缩进', boxes: '☐ ☑', '<br>': '`<br>`',
      'two spaces': '行尾两个空格', 'blank line': '前面加空行', lists: '改为列表', semicolons: '改为分号', encoded: '编码，去掉标题',
      text: '只留文字', quotation: '改为引用', brackets: '改为 `[1]`', Markdown: '改为 Markdown', Unicode: '改为 Unicode 字符', characters: '改为字符', code: '改为代码',
    },
    removed: { backslashes: '去掉', thoughts: '不发送' },
  },
  'docs/platforms/dialects.en.md': {
    constructs: {
      headings: 'headings `# One`', emphasis: 'bold, italics', emphasisBesideChinese: 'bold beside punctuation `**Note:**text`',
      strikethrough: 'strikethrough `~~old~~`', literalMarks: '`~` and `*` that mark nothing, as in `10~20`', backslashes: 'backslashes `\\*`',
      code: 'code, code blocks', quotes: 'quotes', lists: 'lists', nestedLists: 'nested lists with little indentation',
      tasks: 'tasks `- [x]`', rules: 'rules', lineBreaks: 'line breaks in a paragraph', tables: 'tables', cellBreaks: '`<br>` in a cell',
      links: 'links', linkTargets: 'targets with spaces, parentheses, titles', localLinks: 'links to no page, such as `#one`',
      addresses: 'addresses before Chinese text', images: 'images', footnotes: 'footnotes `[^1]`', html: 'formatting of HTML, such as `<b>`',
      otherTags: 'words in angle brackets, such as `<token>`', scripts: '`<sub>`, `<sup>`', entities: 'entities `&nbsp;`',
      inlineMath: 'formulas in a line `\\(x\\)`, `$x$`', displayMath: 'display formulas `$$`, `\\[ \\]`', thoughts: 'thoughts `<think>`',
    },
    handlings: {
      rendered: 'unchanged', spaced: 'hair space added', escaped: 'backslash added', '&lt;': 'as `&lt;`', indented: 'indented', boxes: '☐ ☑', '<br>': '`<br>`',
      'two spaces': 'two spaces at the end', 'blank line': 'blank line before', lists: 'as a list', semicolons: 'as a semicolon',
      encoded: 'encoded, title dropped', text: 'text only', quotation: 'as a quotation', brackets: 'as `[1]`', Markdown: 'as Markdown', Unicode: 'as Unicode characters',
      characters: 'as a character', code: 'as code',
    },
    removed: { backslashes: 'removed', thoughts: 'not sent' },
  },
}

describe('the pages about dialects', () => {
  for (const [page, { constructs, handlings, removed }] of Object.entries(pages)) {
    it(`${page} say of each construct what the dialects do with it`, () => {
      const [, ...rows] = readFileSync(page, 'utf8').split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| ---'))
      const expected = Object.entries(constructs).map(([construct, name]) => {
        const key = construct as keyof Dialect
        const cells = dialects.map(({ [key]: handling }) => handling === 'removed' ? removed[key] : handlings[handling])
        return `| ${[name, ...cells].join(' | ')} |`
      })
      assert.deepEqual(rows, expected)
      assert.deepEqual(Object.keys(constructs).sort(), Object.keys(streamDialect).sort())
    })
  }
})
