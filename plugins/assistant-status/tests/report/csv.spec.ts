import assert from 'node:assert/strict'
import { toCsv } from '../../src/report/csv'

const cells = (value: string | number) => toCsv([[value]]).slice(1, -2)

describe('an exported table', () => {
  it('is UTF-8 with a byte order mark, CRLF and quoted texts', () => {
    assert.equal(toCsv([['名字', 'n'], ['a"b,c\nd', 1.5]]), '\ufeff"名字","n"\r\n"a""b,c\nd",1.5\r\n')
  })

  for (const text of [
    '=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '\u00a0=1', '\ufeff=1', '\u200b=1', '＝1', '＋1', '－1', '＠a',
    '=cmd|\' /C calc\'!A0', '\u0000=1', '-2+3+cmd|\' /C calc\'!D2',
  ]) {
    it(`has no formula: ${JSON.stringify(text)}`, () => {
      assert.equal(cells(text), `"'${text.replaceAll('"', '""')}"`)
    })
  }

  for (const text of ['', 'a=1', '1-2', 'wecom-bot:u', '5 + 3', '"quoted"']) {
    it(`leaves ${JSON.stringify(text)} as it is`, () => {
      assert.equal(cells(text), `"${text.replaceAll('"', '""')}"`)
    })
  }

  it('has negative numbers as numbers', () => assert.equal(cells(-1), '-1'))
})
