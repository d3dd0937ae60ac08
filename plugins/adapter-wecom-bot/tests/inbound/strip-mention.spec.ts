import assert from 'node:assert/strict'
import { stripMention } from '../../src/inbound/decode'

describe('stripMention with a known name', () => {
  for (const [text, rest] of [
    ['@RobotA hello robot', 'hello robot'],
    ['@RobotA  two blanks', 'two blanks'],
    ['@RobotA\u2005four-per-em', 'four-per-em'],
    ['@RobotA\u00a0no-break', 'no-break'],
    ['@RobotA\u3000全角', '全角'],
    ['@RobotA\nnext line', 'next line'],
    ['\n @RobotA hello', 'hello'],
    ['@RobotA', ''],
    ['@RobotA ', ''],
    ['@RobotA @Bob hello', '@Bob hello'],
    ['hello @RobotA', 'hello'],
    ['hello @RobotA ', 'hello'],
  ]) {
    it(`removes it: ${JSON.stringify(text)}`, () => {
      assert.equal(stripMention(text, 'RobotA'), rest)
    })
  }

  for (const text of [
    '@RobotAB hello',
    '@RobotA，你好',
    '@robota hello',
    '@Bob hello',
    'callerUri="x@RobotA"',
    'mail me at me@RobotA',
    'hello @RobotA, are you there',
    'RobotA hello',
    '',
  ]) {
    it(`finds none in ${JSON.stringify(text)}`, () => {
      assert.equal(stripMention(text, 'RobotA'), text)
    })
  }

  it('accepts names with spaces and special characters', () => {
    assert.equal(stripMention('@Multica Bot /new chat', 'Multica Bot'), '/new chat')
    assert.equal(stripMention('@Multica Bot', 'Multica Bot'), '')
    assert.equal(stripMention('@Multica Botox', 'Multica Bot'), '@Multica Botox')
    assert.equal(stripMention('@小助手(v2.*)  在吗', '小助手(v2.*)'), '在吗')
    assert.equal(stripMention('@机器人👍 你好', '机器人👍'), '你好')
  })

  it('removes one mention', () => {
    assert.equal(stripMention('@A @A hi @A', 'A'), '@A hi @A')
  })
})

describe('stripMention without a name', () => {
  for (const [text, rest] of [
    ['@RobotA hello', 'hello'],
    ['  @RobotA  hello', 'hello'],
    ['@RobotA', ''],
    ['@机器人 今日情况', '今日情况'],
    ['hello @RobotA', 'hello @RobotA'],
    ['a@b hello', 'a@b hello'],
    ['@ hello', '@ hello'],
    ['', ''],
  ]) {
    it(`removes the first word: ${JSON.stringify(text)}`, () => {
      assert.equal(stripMention(text), rest)
      assert.equal(stripMention(text, ''), rest)
    })
  }

  it('is fast for hostile text', () => {
    const blanks = ' '.repeat(100_000)
    assert.equal(stripMention(blanks), blanks)
    assert.equal(stripMention('@' + 'x'.repeat(100_000)), '')
    assert.equal(stripMention(`${blanks}hi${blanks}`, 'A'), `${blanks}hi${blanks}`)
  })
})
