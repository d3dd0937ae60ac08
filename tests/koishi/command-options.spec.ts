import assert from 'node:assert/strict'
import * as help from '@koishijs/plugin-help'
import mock from '@koishijs/plugin-mock'
import { Context } from 'koishi'
import type { Plugin } from 'koishi'
import { freeRemovedCommands } from '../../bin/instance/koishi/command-options'

const commands = {
  name: 'with-commands',
  apply(ctx: Context) {
    ctx.command('first', 'the first command').option('loud', '-l').action(({ options }) => options?.loud ? 'FIRST' : 'first')
    ctx.command('second').action(() => 'second')
  },
}

describe('commands that are removed', () => {
  let app: Context
  let revert: (() => void) | undefined

  afterEach(async () => {
    revert?.()
    revert = undefined
    app.registry.delete(mock as Plugin)
    await app.stop()
  })

  /** @returns how much longer the help plugin's list is after ten reloads of a plugin with two commands */
  async function growth(): Promise<number> {
    app = new Context()
    app.plugin(mock as Plugin, {})
    const { runtime } = app.plugin(help as unknown as Plugin, {})
    await app.start()
    app.plugin(commands)
    const before = runtime.disposables.length
    for (let times = 0; times < 10; times++) {
      app.registry.delete(commands)
      app.plugin(commands)
    }
    return runtime.disposables.length - before
  }

  it('stay in the list of the help plugin without the change', async () => {
    assert.equal(await growth(), 20)
  })

  it('leave nothing behind', async () => {
    revert = freeRemovedCommands()
    assert.equal(await growth(), 0)
  })

  it('work as before, and lose an option with the plugin that added it', async () => {
    revert = freeRemovedCommands()
    assert.equal(await growth(), 0)
    const adding = { name: 'adding', apply: (ctx: Context) => {
      const command = ctx.$commander.get('second')!
      const owner = command[Context.current]
      command[Context.current] = ctx
      command.option('quiet', '-q')
      command[Context.current] = owner
    } }
    app.plugin(adding)
    const client = app.mock.client('person')
    await client.shouldReply('first -l', 'FIRST')
    await client.shouldReply('second -h', /second/)
    assert.ok(app.$commander.get('second')!._options.quiet)
    app.registry.delete(adding)
    assert.equal(app.$commander.get('second')!._options.quiet, undefined)
    assert.ok(app.$commander.get('second')!._options.help)
    await client.shouldReply('second', 'second')
  })

  it('keep no more than Koishi itself of a plugin that adds an option again and again', async () => {
    /** @returns how much longer the list of a command is after ten reloads of the help plugin */
    async function reloadHelp(): Promise<number> {
      await growth()
      const list = () => (app.$commander.get('second') as unknown as { _disposables: unknown[] })._disposables.length
      const before = list()
      for (let times = 0; times < 10; times++) {
        app.registry.delete(help as unknown as Plugin)
        app.plugin(help as unknown as Plugin, {})
        assert.ok(app.$commander.get('second')!._options.help)
      }
      return list() - before
    }
    const usual = await reloadHelp()
    app.registry.delete(mock as Plugin)
    await app.stop()
    revert = freeRemovedCommands()
    assert.equal(await reloadHelp(), usual)
  })
})
