import assert from 'node:assert/strict'
import { Call } from '../../../src/engine/http/call'
import { listModels } from '../../../src/engine/gemini/list-models'
import { limits } from '../../support/gemini-engine'

describe('listModels', () => {
  async function list(...pages: object[]) {
    const urls: string[] = []
    const call = new Call('key-of-this-test', limits)
    const models = await listModels(async (url) => {
      urls.push(String(url))
      return Response.json(pages[urls.length - 1])
    }, 'https://example.com/v1beta', call)
    call.end()
    return { models, urls }
  }

  const chat = (name: string) => ({ name: `models/${name}`, supportedGenerationMethods: ['generateContent'] })

  it('marks models that answer text with text as chat models', async () => {
    const special = ['m-9-tts', 'm-9-image', 'm-9-live-preview', 'm-9-audio', 'nano-banana', 'aqa', 'm-9-computer-use']
    const embedding = { name: 'models/text-embedding-9', supportedGenerationMethods: ['embedContent'] }
    const { models } = await list({ models: [chat('m-9'), ...special.map(chat), embedding, { name: 'models/bare' }] })
    assert.deepEqual(models.filter(({ isChatModel }) => isChatModel).map(({ name }) => name), ['m-9'])
    assert.equal(models.length, 10)
  })

  it('ends where page tokens never do', async () => {
    const pages = Array.from({ length: 200 }, (_, index) => ({ models: [chat(`m${index}`)], nextPageToken: `t${index}` }))
    assert.equal((await list(...pages)).models.length, 50)
  })

  it('reads every page, and ends where a page token repeats', async () => {
    const { models, urls } = await list(
      { models: [chat('a')], nextPageToken: 't' }, { models: [chat('b')], nextPageToken: 't' }, { models: [chat('c')] },
    )
    assert.deepEqual(models.map(({ name }) => name), ['a', 'b'])
    assert.deepEqual(urls.map(url => new URL(url).searchParams.get('pageToken')), [null, 't'])
  })
})
