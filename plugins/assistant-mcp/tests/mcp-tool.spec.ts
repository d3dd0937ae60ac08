import assert from 'node:assert/strict'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import type { Session } from 'koishi'
import { Config } from '../src/config'
import type { ServerSetting } from '../src/config'
import { assistantName, selectTools, textOfResult, toAssistantTool } from '../src/mcp-tool'
import { Secrets } from '../src/secrets'

const setting = (given: Partial<ServerSetting> = {}) => new Config({ servers: [{ name: 'wiki', ...given }] } as Config).servers[0]
const tool = { name: 'search', inputSchema: { type: 'object' as const } }
const unused = async () => ({ content: [] })

describe('a tool of an MCP server', () => {
  const names = (include: string[], exclude: string[]) => {
    const tools = ['search_page', 'search_user', 'write', 'a.b'].map(name => ({ name }))
    return selectTools(tools, { include, exclude }).map(({ name }) => name).join()
  }
  const filters: [string[], string[], string][] = [
    [[], [], 'search_page,search_user,write,a.b'],
    [['search_*'], [], 'search_page,search_user'],
    [[], ['write'], 'search_page,search_user,a.b'],
    [['*'], ['*_user', 'a?b'], 'search_page,write,a.b'],
    [['a.b'], [], 'a.b'],
    [['axb', '.*'], [], ''],
  ]
  for (const [include, exclude, expected] of filters) {
    it(`is selected by ${JSON.stringify(include)} without ${JSON.stringify(exclude)}`, () => {
      assert.equal(names(include, exclude), expected)
    })
  }

  it('asks first as the setting says', () => {
    const confirms = (confirm: ServerSetting['confirm'], readOnlyHint?: boolean) => {
      return toAssistantTool({ ...tool, annotations: { readOnlyHint } }, setting({ confirm }), unused).confirm
    }
    assert.deepEqual([confirms('changes', true), confirms('changes', false), confirms('changes')], [false, true, true])
    assert.deepEqual([confirms('always', true), confirms('never')], [true, false])
  })

  it('is for the people of the setting', () => {
    const allows = (users: string[], userId: string) => {
      return toAssistantTool(tool, setting({ users }), unused).allows({ platform: 'dingtalk', userId } as Session)
    }
    assert.deepEqual([allows([], 'a'), allows(['dingtalk:a'], 'a'), allows(['dingtalk:a'], 'b'), allows(['wecom-bot:a'], 'a')], [true, true, false, false])
    assert.equal(toAssistantTool(tool, setting({ authority: 3 }), unused).authority, 3)
    assert.equal(setting().authority, 1)
  })

  it('has a name that providers take', () => {
    assert.equal(assistantName('wiki', 'search'), 'wiki_search')
    for (const name of ['查询', 'a/b', 'a.b', 'x'.repeat(90)]) assert.match(assistantName('wiki', name), /^wiki_[\w-]{1,59}$/)
    assert.notEqual(assistantName('wiki', '查询'), assistantName('wiki', '查找'))
  })

  it('has a description of bounded length', () => {
    assert.equal(toAssistantTool({ ...tool, description: 'x'.repeat(5000) }, setting(), unused).description.length, 1000)
  })

  const results: [string, Partial<CallToolResult>, string][] = [
    ['texts', { content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, 'a\nb'],
    ['a picture', { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }, '[image image/png]'],
    ['a file', { content: [{ type: 'resource', resource: { uri: 'file:///a', text: 'inside' } }] }, 'inside'],
    ['a link', { content: [{ type: 'resource_link', uri: 'file:///a', name: 'a' }] }, '[file file:///a]'],
    ['structured data', { content: [], structuredContent: { a: 1 } }, '{"a":1}'],
    ['nothing', { content: [] }, ''],
  ]
  for (const [what, result, text] of results) {
    it(`may return ${what}`, () => assert.equal(textOfResult({ content: [], ...result }), text))
  }

  it('may say that it failed', () => {
    assert.throws(() => textOfResult({ content: [{ type: 'text', text: 'no' }], isError: true }), /^Error: no$/)
  })
})

describe('a secret', () => {
  it('is taken from the environment, and hidden in messages', () => {
    const secrets = new Secrets({ TOKEN: 'abc-123', SHORT: 'ab' })
    assert.deepEqual(secrets.fill({ auth: 'Bearer ${TOKEN}', plain: 'x ${SHORT}', money: '$5' }), { auth: 'Bearer abc-123', plain: 'x ab', money: '$5' })
    assert.equal(secrets.hide('refused: Bearer abc-123, abc-123, ab'), 'refused: ***, ***, ab')
  })

  it('that is missing or empty is an error that names it only', () => {
    assert.throws(() => new Secrets({ A: '' }).fill({ x: '${A}' }), { code: 'assistant-mcp/variable-missing', message: /variable A is not set/ })
  })
})
