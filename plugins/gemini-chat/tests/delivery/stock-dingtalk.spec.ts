import assert from 'node:assert/strict'
import { DingtalkMessageEncoder } from '@koishijs/plugin-adapter-dingtalk'
import { render } from '../../src/delivery/render'

/** The text that the stock encoder puts into a `sampleMarkdown` message. */
async function encode(markdown: string) {
  const encoder = new DingtalkMessageEncoder({} as never, 'alice')
  await encoder.render(render(markdown, { platform: 'dingtalk' }))
  return encoder.buffer
}

/** The visible text: without the escapes and the zero-width spaces. */
const visible = (buffer: string) => buffer.replace(/\u200b/g, '').replace(/\\(?=[\\`*_{}[\]\-(#!>])/g, '')

describe('an answer through the stock DingTalk encoder', () => {
  it('loses nothing and keeps the order', async () => {
    const buffer = await encode([
      '# 标题', '', '1. 第一 **重点** 之后', '2. 用 `npm ci` 安装', '   - 子项 *一*', '', '```js', 'const a = [1]', '```', '',
      '| 列 | 值 |', '| - | - |', '| x | ~~1~~ |', '', '> 引用 [链接](https://koishi.chat/a?b=%E4%B8%AD)',
    ].join('\n'))
    assert.equal(visible(buffer), [
      ' **标题** ', '', '1. 第一  **重点**  之后', '2. 用 npm ci 安装', '  • 子项  *一* ', '', 'const a = [1]', '',
      ' **列 | 值** ', 'x | 1', '', '> 引用 [链接](https://koishi.chat/a?b=%E4%B8%AD)',
    ].join('\n'))
  })

  it('shows markup as text', async () => {
    const text = '<at type="all"/> <font color="red">红</font>'
    assert.equal(visible(await encode(text)), text)
  })
})
