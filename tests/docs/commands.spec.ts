import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Instance, root, wecom } from '../support/instance'
import { repositoryFiles } from '../support/repository'
import { fencedCommands } from './fenced-commands'

const run = promisify(execFile)

const pages = repositoryFiles().filter(file => /\.md$/.test(file) && !/CHANGELOG/.test(file))
const commands = pages.flatMap((page) => {
  return fencedCommands(readFileSync(join(root, page), 'utf8')).map(found => ({ page, ...found }))
})

/** Commands that a spec below runs. */
const ran = [
  /^git clone <.*> koishi-wecom-dingtalk$/, /^cd koishi-wecom-dingtalk$/, /^cp \.env\.example \.env$/, /^chmod 600 \.env$/,
  /^mkdir -p data && cp -n koishi\.yml data\/koishi\.yml$/, /^git checkout koishi\.yml && git pull$/,
  /^curl -i http:\/\/127\.0\.0\.1:35000\/api\/wecom\/callback$/, /^npm run wecom -- verify /, /^npm run keygen$/,
]

/** Commands that cannot run here, and why. */
const others: [RegExp, string][] = [
  [/\bdocker\b/, 'there is no Docker'],
  [/^echo "REDIS_PASSWORD=/, 'is read by Docker only'],
  [/\bsystemctl\b|^journalctl\b/, 'there is no systemd'],
  [/^sudo /, 'changes the machine'],
  [/^cd \.\. && sudo mv /, 'changes the machine'],
  [/^cd \/opt\//, 'the folder is made by commands that change the machine'],
  [/^npm ci\b/, 'installs from a registry'],
  [/^npm install koishi-plugin-/, 'installs from a registry'],
  [/^npm start$/, 'tests/programs and the demo start the build'],
  [/^npm run (build|test:\w+|bench|fuzz|doctor|demo|endure)\b/, 'takes minutes, or has specs or a CI step of its own'],
  [/^npx mocha /, 'is a spec'],
  [/^npm run wecom -- (chat|message)/, 'tests/programs/wecom.spec.ts runs it'],
  [/^PLATFORM=wecom PORT=35001 node lib\/start\.js$/, 'needs the build; tests/instance starts the sources'],
  [/^curl .*(example\.com|googleapis|cloudflare|dingtalk\.com)/, 'needs the internet'],
  [/^ssh /, 'needs a server'],
]

const known = [...ran, ...others.map(([pattern]) => pattern)]

describe('the commands of the documents', () => {
  it('each run here, or there is a reason why not', () => {
    assert.ok(commands.length > 60)
    const unknown = commands.filter(({ command }) => !known.some(pattern => pattern.test(command)))
    assert.deepEqual(unknown.map(({ page, command }) => `${page}: ${command}`), [])
  })

  it('are those of this list, without any that are gone', () => {
    const gone = known.filter(pattern => !commands.some(({ command }) => pattern.test(command)))
    assert.deepEqual(gone.map(String), [])
  })

  it('are the same in both languages', () => {
    // Placeholders and what is said are in the language of the page.
    const plain = (command: string) => command.replace(/<[^>]+>/g, '<>').replace(/'[^']*'/g, "''")
      .replace(/https:\/\/[^/\s]+/, 'https://')
    for (const page of pages.filter(page => pages.includes(page.replace(/\.md$/, '.en.md')))) {
      const of = (name: string) => commands.filter(found => found.page === name).map(({ command }) => plain(command))
      assert.deepEqual(of(page.replace(/\.md$/, '.en.md')), of(page), page)
    }
  })

  it('name only scripts and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    for (const { page, command } of commands) {
      for (const [, script] of command.matchAll(/npm run ([\w:-]+)/g)) assert(scripts[script], `${page}: ${command}`)
      for (const [file] of command.matchAll(/(?<![\w/.])(?:deploy|tests|bin|scripts)\/[\w./-]+/g)) {
        assert(existsSync(join(root, file)), `${page}: ${file}`)
      }
    }
  })
})

/** An ordinary user, as whom root can run commands. */
const ordinary = process.getuid?.() === 0 ? execFileSync('id', ['-u', 'daemon'], { encoding: 'utf8' }).trim() : undefined

describe('the commands for a new folder and for updates, as an ordinary user', function() {
  this.timeout(240_000)

  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'documents-'))
    const origin = join(folder, 'origin')
    for (const file of ['koishi.yml', '.env.example', 'package.json']) cpSync(join(root, file), join(origin, file))
    const git = (...args: string[]) => {
      execFileSync('git', ['-c', 'user.name=spec', '-c', 'user.email=spec@localhost', ...args], { cwd: origin, stdio: 'pipe' })
    }
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'first')
    writeFileSync(join(folder, 'commit.sh'), 'cd origin && echo "# newer" >> koishi.yml\n'
      + 'git -c user.name=spec -c user.email=spec@localhost commit -qam newer\n')
    if (!ordinary) return
    execFileSync('chown', ['-R', ordinary, folder])
    chownSync(folder, Number(ordinary), -1)
    chmodSync(folder, 0o755)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function shell(command: string, cwd = folder): Promise<string> {
    const [program, ...args] = ordinary ? ['runuser', '-u', 'daemon', '--', 'sh', '-ec', command] : ['sh', '-ec', command]
    const { stdout } = await run(program, args, { cwd, env: { PATH: process.env.PATH, HOME: folder } })
    return stdout
  }

  /** A command as it stands in a page. */
  function documented(page: string, pattern: RegExp): string {
    const found = commands.find(item => item.page === page && pattern.test(item.command))
    assert(found, `${page} has ${pattern}`)
    return found.command
  }

  for (const page of ['docs/deployment.md', 'docs/deployment.en.md']) {
    it(`of ${page} make a folder with a private .env`, async () => {
      await shell('rm -rf koishi-wecom-dingtalk')
      await shell(documented(page, /^git clone/).replace(/<.*>/, '"$PWD/origin"'))
      const clone = join(folder, 'koishi-wecom-dingtalk')
      await shell(documented(page, /^cp \.env/), clone)
      await shell(documented(page, /^chmod/), clone)
      assert.equal(statSync(join(clone, '.env')).mode & 0o777, 0o600)
    })

    it(`of ${page} keep a changed koishi.yml when updating`, async () => {
      const clone = join(folder, 'koishi-wecom-dingtalk')
      await shell('echo "# mine" >> koishi.yml', clone)
      await shell('sh commit.sh')
      await assert.rejects(shell('git pull', clone), /koishi\.yml/)
      await shell(documented(page, /^mkdir -p data/), clone)
      await shell(documented(page, /^git checkout/), clone)
      assert.match(readFileSync(join(clone, 'data/koishi.yml'), 'utf8'), /# mine/)
      assert.match(readFileSync(join(clone, 'koishi.yml'), 'utf8'), /# newer/)
    })
  }
})

describe('the commands for a running instance', function() {
  this.timeout(240_000)

  let instance: Instance
  before(async () => { instance = await (await Instance.start({ env: wecom })).ready() })
  after(() => instance?.close())

  async function shell(command: string): Promise<string> {
    const { WECOM_BOT_TOKEN: token, WECOM_BOT_ENCODING_AES_KEY: key } = wecom
    const actual = command.replace(/https?:\/\/[^/\s]+/, `http://127.0.0.1:${instance.port}`)
      .replace(/--token \S+/, `--token ${token}`).replace(/--aes-key \S+/, `--aes-key ${key}`)
    const { PATH, HOME } = process.env
    const { stdout } = await run('sh', ['-ec', actual], { cwd: root, env: { PATH, HOME } })
    return stdout
  }

  it('show that the callback is up, as the pages say', async () => {
    const found = commands.filter(({ command }) => /^curl -i http:\/\/127/.test(command))
    const lines = found.flatMap(({ output }) => output)
    assert.ok(lines.length > 0)
    const output = await shell(found[0].command)
    for (const line of lines) assert(output.includes(line), line)
  })

  it('verify the callback', async () => {
    const { command } = commands.find(({ command }) => command.startsWith('npm run wecom -- verify '))!
    assert.match(await shell(command), /^✓ /m)
  })

  it('make a Token and an EncodingAESKey', async () => {
    assert.match(await shell('npm run keygen'), /[A-Za-z0-9]{43}/)
  })
})
