import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { h } from 'koishi'
import { dingtalkErrors } from 'testkit'
import { Rig } from '../support/rig'

/** A whole picture. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PNG = 'data:image/png;base64,iVBORw0KGgo='
const data = (type: string, bytes = 4) => `data:${type};base64,${Buffer.alloc(bytes, 1).toString('base64')}`

describe('files that plugins send', () => {
  let rig: Rig

  beforeEach(async () => { rig = await (await Rig.start({ config: { cardTemplateId: undefined } })).online() })
  afterEach(() => rig.close())

  const sent = () => rig.platform.messages.map(({ msgKey, param }) => [msgKey, param])
  const uploaded = () => [...rig.platform.uploads.values()].map(({ type, name }) => [type, name])

  for (const [name, element, type, message] of [
    ['a picture', h.image(PNG), ['image', 'file.png'], ['sampleImageMsg', { photoURL: '@media-1' }]],
    ['a picture of a type that DingTalk does not show', h.image(data('image/webp')), ['file', 'file.webp'],
      ['sampleFile', { mediaId: '@media-1', fileName: 'file.webp', fileType: 'webp' }]],
    ['a file with a name', h('file', { src: data('application/pdf'), title: '报告.PDF' }), ['file', '报告.PDF'],
      ['sampleFile', { mediaId: '@media-1', fileName: '报告.PDF', fileType: 'pdf' }]],
    ['voice with its duration', h('audio', { src: data('audio/mpeg'), duration: 2.5 }), ['voice', 'file.mpga'],
      ['sampleAudio', { mediaId: '@media-1', duration: '2500' }]],
    ['voice without a duration', h.audio(data('audio/mpeg')), ['file', 'file.mpga'],
      ['sampleFile', { mediaId: '@media-1', fileName: 'file.mpga', fileType: 'mpga' }]],
    ['a video', h('video', { src: data('video/mp4'), title: '片.mp4' }), ['file', '片.mp4'],
      ['sampleFile', { mediaId: '@media-1', fileName: '片.mp4', fileType: 'mp4' }]],
  ] as const) {
    it(`are uploaded, and sent as the type they are: ${name}`, async () => {
      const [id] = await rig.settled(rig.bot.sendMessage('cidGROUP', [element]))
      assert.deepEqual([uploaded(), sent(), id], [[type], [message], 'query-1'])
      assert.equal(rig.billed, 2)
    })
  }

  it('are videos where there is a picture for them', async () => {
    await rig.settled(rig.bot.sendMessage('alice', [h('video', { src: data('video/mp4'), duration: 3, poster: PNG })]))
    assert.deepEqual(sent(), [['sampleVideo', { duration: '3000', videoMediaId: '@media-2', videoType: 'mp4', picMediaId: '@media-1' }]])
  })

  it('keep their place among the text, also inside other elements', async () => {
    const content = h.parse(`前<p>段落<img src="${PNG}"/>后</p><file src="${PNG}" title="a.txt"/>完`)
    await rig.settled(rig.bot.sendMessage('cidGROUP', content))
    assert.deepEqual(sent().map(([key, param]) => key === 'sampleMarkdown' ? param.text : key), ['前段落', 'sampleImageMsg', '后', 'sampleFile', '完'])
  })

  it('are read from this machine, where DingTalk could not load them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'files-'))
    await writeFile(join(folder, '表.png'), Buffer.from(PIXEL, 'base64'))
    const code = rig.platform.media(Buffer.from('iVBORw0KGgo=', 'base64'), 'image/png')
    const local = new URL(`/files/${code}`, rig.platform.oldApiEndpoint).href
    await rig.settled(rig.bot.sendMessage('cidGROUP', [h.image(pathToFileURL(join(folder, '表.png')).href), h.image(local)]))
    assert.deepEqual([sent().map(([key]) => key), rig.warnings], [['sampleImageMsg', 'sampleImageMsg'], []])
    await rm(folder, { recursive: true })
  })

  it('do not keep back the text beside them when they fail, with a line in the log', async () => {
    rig.platform.fail('upload', dingtalkErrors.oldApiError(40006, '不合法的媒体文件大小') as never)
    await rig.settled(rig.bot.sendMessage('cidGROUP', [h.text('前'), h.image(PNG), h.text('后')]))
    assert.deepEqual(rig.texts, ['前', '后'])
    assert.match(rig.warnings.join(), /a file could not be sent: .*40006/)
  })

  it('are an error when nothing else was sent', async () => {
    await assert.rejects(rig.settled(rig.bot.sendMessage('cidGROUP', [h.image(data('image/png', 21e6))])), { code: 'dingtalk/content-too-large' })
    await assert.rejects(rig.settled(rig.bot.sendMessage('cidGROUP', [h.image('file:///none.png')])))
  })

  it('can be recalled', async () => {
    const [id] = await rig.settled(rig.bot.sendMessage('cidGROUP', [h.image(PNG)]))
    await rig.bot.deleteMessage('cidGROUP', id)
    assert.equal(rig.platform.messages[0].isRecalled, true)
  })
})
