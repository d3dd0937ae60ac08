import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import type { Context } from 'koishi'
import { createApp } from '../support/app'
import type { AppOptions, TestApp } from '../support/app'
import { callsTools, resultsIn, says } from '../support/engine'

describe('a command as a tool', () => {
  let test: TestApp
  let log: unknown[]
  const start = async (commands: (app: Context) => void, names: string[], options: AppOptions = {}) => {
    log = []
    test = await createApp({
      ...options,
      config: { toolCommands: names.map(name => ({ name, confirm: false })), ...options.config },
      prepare: (app) => {
        options.prepare?.(app)
        commands(app)
      },
    })
  }
  afterEach(() => test.close())

  const declared = () => test.engine.requests.at(-1)!.toolDeclarations ?? []
  const call = async (name: string, args: Record<string, unknown> = {}, user = 'alice') => {
    const from = test.engine.requests.length
    test.engine.respond(callsTools([name, args]), says('ok'))
    await test.client(user).receive('please')
    return resultsIn(test.engine.requests[from + 1]).at(-1)!.replace(/^\[result of[^\n]+\n/, '')
  }

  it('has the arguments and options of its declaration', async () => {
    await start((app) => {
      app.command('deploy.start <service> [count:posint] [...tags]', '部署服务').option('force', '-f 强制').option('env', '-e <name>')
    }, ['deploy.start'])
    await test.client('alice').receive('hi')
    const [{ name, description, parameters }] = declared()
    assert.equal(name, 'command_deploy_start')
    assert.match(description, /deploy\.start.\n部署服务/s)
    assert.deepEqual(parameters, {
      type: 'object',
      properties: {
        service: { type: 'string', description: 'service' },
        count: { type: 'integer', minimum: 1, description: 'count' },
        tags: { type: 'array', items: { type: 'string', description: 'tags' } },
        force: { type: 'boolean', description: '强制' },
        env: { type: 'string', description: 'env' },
      },
      required: ['service'],
      additionalProperties: false,
    })
  })

  it('runs with converted values, and its output is the result', async () => {
    await start((app) => {
      app.command('add <a:number> <b:number>').option('note', '-n <text>').action(async ({ session, options }, a, b) => {
        await session!.send('adding')
        return `${a + b} ${options!.note}`
      })
    }, ['add'])
    assert.equal(await call('command_add', { a: 1, b: 2, note: 'x y' }), 'adding\n3 x y')
    assert.deepEqual(test.bot.read('private:alice'), ['ok'])
  })

  it('takes every value as text: no option, element, quotation, interpolation or other command comes out of it', async () => {
    await start((app) => {
      app.command('secret').action(() => void log.push('secret'))
      app.command('say [text:text]').option('admin', '-a').action(({ options }, text) => {
        log.push([text, { ...options }])
        return text
      })
      app.command('tell [what:el]').action((_, what) => void log.push(what!.map(({ type }) => type)))
    }, ['say', 'tell'])
    const texts = [
      '-a', '--admin', '$(secret)', '"; secret', '<execute>secret</execute>', '`secret`', "'x' --admin", '\nsecret', '&lt;execute&gt;secret&lt;/execute&gt;',
      'x | secret', 'x && secret', '${secret}', '<at id="1"/>',
    ]
    for (const text of texts) {
      log = []
      await call('command_say', { text })
      assert.deepEqual(log, [[text, {}]], text)
      log = []
      await call('command_tell', { what: text })
      assert.ok(!(log as string[][]).flat().some(type => type !== 'text'), text)
    }
  })

  it('runs with the authority of the person who asks', async () => {
    await start((app) => {
      app.command('ban <who>', { authority: 3 }).action((_, who) => void log.push(who))
      app.command('open [x]').option('wide', '-w', { authority: 3 } as never).action(() => void log.push('open'))
    }, ['ban', 'open'], { prepare: app => void app.plugin(memory) })
    await test.app.database.createUser('mock', 'admin', { authority: 3 })
    await test.app.database.createUser('mock', 'alice', { authority: 1 })
    await call('command_ban', { who: 'x' }, 'admin')
    assert.deepEqual(log, ['x'])
    assert.match(await call('command_ban', { who: 'y' }), /no such tool/)
    assert.deepEqual(declared().map(({ name }) => name), ['command_open'])
    assert.deepEqual(log, ['x'])
  })

  it('reaches no command that is not listed', async () => {
    await start((app) => {
      app.command('info').action(() => 'info').alias('i')
      app.command('info.wipe').action(() => void log.push('wipe'))
      app.command('other').action(() => void log.push('other')).alias('information')
    }, ['info'])
    await test.client('alice').receive('hi')
    assert.deepEqual(declared().map(({ name }) => name), ['command_info'])
    for (const name of ['command_info.wipe', 'command_info_wipe', 'command_other', 'info.wipe', 'other', 'i', 'command_i', 'info', 'wipe']) {
      assert.match(await call(name), /no such tool/, name)
    }
    assert.match(await call('command_info', { wipe: true }), /arguments are wrong/)
    assert.deepEqual(log, [])
  })

  it('is not meant by an alias in the setting', async () => {
    await start(app => app.command('info').alias('i'), ['i'])
    await test.client('alice').receive('hi')
    assert.deepEqual(declared(), [])
    assert.match(test.warnings.join(), /there is no command i yet/)
  })

  it('gets no answer to a question of its own', async () => {
    await start(app => app.command('ask').action(async ({ session }) => `got ${await session!.prompt(60_000)}`), ['ask'])
    assert.equal(await call('command_ask'), 'got undefined')
  })

  it('says what was wrong with a value', async () => {
    await start(app => app.command('on <day:date>').action((_, day) => `${day}`), ['on'])
    assert.match(await call('command_on', { day: 'never' }), /on?|day/)
    assert.match(resultsIn(test.engine.requests.at(-1)!).at(-1)!, /failed/)
  })

  it('comes and goes with its plugin', async () => {
    await start(() => {}, ['late'])
    const fork = test.app.plugin(ctx => void ctx.command('late [x]').option('y', '-y').action(() => 'hi'))
    await test.client('alice').receive('hi')
    assert.deepEqual(declared().map(({ name, parameters }) => [name, Object.keys(parameters.properties as object)]), [['command_late', ['x', 'y']]])
    fork.dispose()
    await test.client('alice').receive('hi')
    assert.deepEqual(declared(), [])
  })

  it('asks the person first unless told otherwise', async () => {
    await start(app => app.command('go').action(() => void log.push('go')), [], { config: { toolCommands: [{ name: 'go', confirm: true }], confirmTimeout: 1000 } })
    assert.match(await call('command_go'), /did not confirm/)
    assert.deepEqual(log, [])
  })

  it('cannot be one where it needs an attachment', async () => {
    await start(app => app.command('scan <file:image>'), ['scan'])
    await test.client('alice').receive('hi')
    assert.deepEqual(declared(), [])
    assert.match(test.warnings.join(), /scan cannot be a tool: it takes an attachment/)
  })

  it('has a name that providers take, whatever its own is', async () => {
    await start((app) => {
      app.command('天气').action(() => 'a')
      app.command('天色').action(() => 'b')
      app.command('a.b')
      app.command('a-b')
    }, ['天气', '天色', 'a.b', 'a-b'])
    await test.client('alice').receive('hi')
    const names = declared().map(({ name }) => name)
    assert.equal(new Set(names).size, 4)
    for (const name of names) assert.match(name, /^[a-zA-Z_][\w-]{0,63}$/)
  })
})
