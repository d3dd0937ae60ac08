import assert from 'node:assert/strict'
import { h } from 'koishi'
import { stripMention } from '../../src/inbound/decode'
import { removeMention } from '../../src/inbound/mention'

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

describe('a question behind the mention', () => {
  for (const [text, name, rest] of [
    ['@机器人报销流程是什么', '机器人', '报销流程是什么'],
    ['＠机器人 报销流程是什么', '机器人', '报销流程是什么'],
    ['＠机器人报销流程是什么', '机器人', '报销流程是什么'],
    ['@RobotA报销流程是什么', 'RobotA', '报销流程是什么'],
    ['@小 助手報銷', '小 助手', '報銷'],
    ['@机器人ですか', '机器人', 'ですか'],
    ['报销流程是什么 ＠机器人', '机器人', '报销流程是什么'],
    ['@机器人报销流程是什么', undefined, '机器人报销流程是什么'],
    ['＠机器人报销流程是什么', undefined, '机器人报销流程是什么'],
    ['@小助手在吗', undefined, '小助手在吗'],
    ['@机器人报销流程应该怎么走 谢谢', undefined, '机器人报销流程应该怎么走 谢谢'],
    ['@公司智能问答机器人 /新对话', undefined, '/新对话'],
    ['＠RobotA hello', undefined, 'hello'],
    ['@小助手', undefined, ''],
  ] as const) {
    it(`is kept: ${text}, ${name ? 'with' : 'without'} a known name`, () => assert.equal(stripMention(text, name), rest))
  }
})

describe('removeMention', () => {
  const textsAfter = (texts: string[], name?: string) => {
    const elements = texts.map(text => text === 'img' ? h('img') : h.text(text))
    removeMention(elements, name)
    return elements.filter(({ type }) => type === 'text').map(({ attrs }) => attrs.content)
  }

  for (const [texts, name, after] of [
    [['@机器人 @机器人 报销'], '机器人', ['报销']],
    [['@机器人 ＠机器人报销'], '机器人', ['报销']],
    [['@机器人 @机器人 报销'], undefined, ['报销']],
    [['@机器人 @张三 报销'], '机器人', ['@张三 报销']],
    [['@机器人 @张三 报销'], undefined, ['@张三 报销']],
    [['看看这个', 'img', '@机器人 是什么'], '机器人', ['看看这个', '是什么']],
    [['img', '＠机器人是什么'], '机器人', ['是什么']],
    [['看看这个', '@张三 是什么'], undefined, ['看看这个', '@张三 是什么']],
    [['@机器人 看看', '@机器人 再看'], '机器人', ['看看', '@机器人 再看']],
    [['没有提到谁'], '机器人', ['没有提到谁']],
  ] as const) {
    it(`takes it from ${texts.join(' | ')}, ${name ? 'with' : 'without'} a known name`, () => {
      assert.deepEqual(textsAfter([...texts], name), after)
    })
  }

  it('is fast for hostile text', () => {
    for (const text of ['@A '.repeat(100_000), '@A'.repeat(100_000), '@'.repeat(200_000), '@A\n'.repeat(100_000)]) {
      const start = process.cpuUsage()
      textsAfter([text], 'A')
      textsAfter([text])
      assert.ok(process.cpuUsage(start).user < 1_000_000)
    }
  })
})
