import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Instance } from '../support/instance'
import type { InstanceOptions } from '../support/instance'

/** Starts an instance that exits. @returns the exit code and the two lines of each problem */
async function fails(options: InstanceOptions) {
  const instance = await Instance.start(options)
  const code = await instance.exited
  await instance.close()
  // The one-time link to the console is printed in the same form, but with another mark.
  return { code, lines: [...instance.output.matchAll(/^(✗.*)\n( {2}\S.*)$/gm)].flatMap(([, zh, en]) => [zh, en]) }
}

describe('an instance that cannot start', function() {
  this.timeout(240_000)

  it('exits with code 78 on wrong settings, with one line for each', async () => {
    const { code, lines } = await fails({ env: { PORT: '0', PLATFORM: 'qq' } })
    assert.equal(code, 78)
    assert.equal(lines.length, 4)
    assert.match(lines[0], /^✗ PLATFORM 不能是 "qq"/)
    assert.match(lines[3], /^ {2}PORT must be an integer/)
  })

  it('validates the values in .env', async () => {
    const { code, lines } = await fails({ files: { '.env': 'PLATFORM=qq\n' } })
    assert.equal(code, 78)
    assert.match(lines[0], /PLATFORM/)
  })

  it('prefers the environment to .env.local to .env, ignoring blank values', async () => {
    const files = { '.env': 'PLATFORM=qq\nWECOM_BOT_REPLY_MODE=no\nDINGTALK_PROTOCOL=no', '.env.local': 'PLATFORM=wecom' }
    const { lines } = await fails({ files, env: { DINGTALK_PROTOCOL: 'ws', WECOM_BOT_REPLY_MODE: '' } })
    assert.equal(lines.length, 2)
    assert.match(lines[0], /WECOM_BOT_REPLY_MODE/)
  })

  it('exits with code 78 if koishi.yml cannot be read', async () => {
    const { code, lines } = await fails({ plugins: '\t: [' })
    assert.equal(code, 78)
    assert.match(lines[1], /^ {2}cannot read koishi\.yml/)
  })

  it('prints one line if the data folder cannot be used', async () => {
    const { code, lines } = await fails({ files: { data: 'a file' } })
    assert.equal(code, 1)
    assert.equal(lines.length, 2)
    assert.match(lines[1], /cannot write the data folder .*\/data \(EEXIST\)/)
  })

  it('prints one line if the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const { code, lines } = await fails({ env: { PORT: String(port) } })
    server.close()
    assert.equal(code, 1)
    assert.deepEqual(lines.length, 2)
    assert.match(lines[0], new RegExp(`^✗ 端口 ${port} 已被占用`))
  })

  it('exits if HOST is not an address of this machine', async () => {
    const { code, lines } = await fails({ env: { HOST: '192.0.2.1' } })
    assert.equal(code, 1)
    assert.match(lines[1], /no address 192\.0\.2\.1/)
  })

  const broken: [string, string, RegExp][] = [
    ['missing', '', /the package cannot be found/],
    ['syntax', 'exports.apply = (', /Unexpected end of input/],
    ['throws', `exports.apply = () => { throw new Error('no luck') }`, /: no luck$/],
    ['ready', `exports.apply = ctx => ctx.on('ready', async () => { throw new Error('late') })`,
      /: late$/],
    ['inner', `exports.apply = ctx => ctx.plugin(() => { throw new Error('inner') })`, /: inner$/],
    ['settings', `
      exports.Config = () => { throw new TypeError('$.token missing required value') }
      exports.apply = () => {}
    `, /\$\.token missing required value$/],
    ['waits', `
      exports.inject = ['server', 'puppeteer']
      exports.apply = () => {}
    `, /needs the service puppeteer;/],
  ]
  it('lists every plugin that does not run, with the reason', async () => {
    const sources = broken.filter(([, source]) => source)
    const { code, lines } = await fails({
      files: Object.fromEntries(sources.map(([name, source]) => [`${name}.cjs`, source])),
      plugins: broken.map(([name]) => `    ./${name}.cjs:${name}: {}\n`).join(''),
    })
    assert.equal(code, 1)
    assert.equal(lines.length, broken.length * 2, lines.join('\n'))
    broken.forEach(([name, , message], index) => {
      assert.ok(lines[index * 2].startsWith(`✗ 插件 ./${name}.cjs 没有加载`), lines[index * 2])
      assert.match(lines[index * 2 + 1], message)
    })
  })

  it('ignores disabled plugins', async () => {
    const instance = await Instance.start({ plugins: '    ~./broken.cjs:broken: {}\n    nothing:none:\n      $if: "false"\n' })
    await instance.ready()
    await instance.close()
    assert.equal(instance.code, 0)
  })

  it('redacts secrets', async () => {
    const source = `exports.apply = () => { throw new Error('bad key ' + process.env.GEMINI_API_KEY) }`
    const { lines } = await fails({
      env: { GEMINI_API_KEY: 'AIzaSecret' }, files: { 'broken.cjs': source }, plugins: '    ./broken.cjs:broken: {}\n',
    })
    assert.match(lines[1], /bad key \*\*\*$/)
  })
})
