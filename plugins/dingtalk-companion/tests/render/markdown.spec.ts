import assert from 'node:assert/strict'
import { titleOf, toCard, toMessage } from '../../src/render/markdown'

const table = '| 城市 | 人口 | 简称 |\n| - | :-: | - |\n| 苏州 | 1296 万 | 苏 |\n| 上海 | | 沪 |\n'

describe('toMessage and toCard', () => {
  it('keep the line breaks of the source', () => {
    assert.equal(toMessage('一\n二\n\n三'), '一  \n二\n\n三')
    assert.equal(toCard('一\n二\n\n三'), '一<br>二\n\n三')
  })

  it('leave lists, quotes, headings and rules alone', () => {
    const text = '# 标题\n正文\n- 甲\n- 乙\n  续行\n1. 丙\n> 引\n> 用\n\n---\n完'
    assert.equal(toMessage(text), text)
    assert.equal(toCard(text), text)
  })

  it('leave code alone, inside lists as well', () => {
    const text = '看\n\n```js\na\nb\n```\n\n- 项\n  ```\n  x\n  y\n  ```\n'
    assert.equal(toMessage(text), text)
    assert.equal(toCard(text), text)
  })

  it('turn tables into lists in messages', () => {
    assert.equal(toMessage(`如下：\n\n${table}\n完`), [
      '如下：', '', '- **苏州**', '  - 人口: 1296 万', '  - 简称: 苏', '- **上海**', '  - 简称: 沪', '', '完',
    ].join('\n'))
  })

  it('keep tables in cards, with a blank line before them', () => {
    assert.equal(toCard(`如下：\n${table}`), `如下：\n\n${table}`)
  })

  it('titleOf takes the beginning of the text without markup', () => {
    assert.equal(titleOf('\n## **苏州** 简介\n正文'), '苏州 简介')
    assert.equal(titleOf('- [链接](https://a.b) 与 `代码`'), '链接 与 代码')
    assert.equal(Array.from(titleOf('😀'.repeat(50))).length, 20)
    assert.equal(titleOf('***'), '…')
  })
})
