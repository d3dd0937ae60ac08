import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Instance, root } from '../support/instance'

/** A plugin that logs a text when it is loaded. */
function plugin(text: string): string {
  return `exports.name = 'live'\nexports.apply = ctx => ctx.logger('live').info('loaded ${text}')\n`
}

describe('npm run dev', function() {
  this.timeout(240_000)

  let instance: Instance | undefined
  afterEach(async () => {
    await instance?.close()
    instance = undefined
  })

  it('watches the sources', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { dev: string } }
    assert.match(scripts.dev, / -r \.\/scripts\/watch-sources\.ts bin\/start\.ts$/)
  })

  it('runs the examples, and reloads a plugin when its source changes', async () => {
    instance = await Instance.start({
      env: { KOISHI_WATCH_SOURCES: '.' },
      files: { 'plugins/live.js': plugin('first') },
      plugins: ['deploy', 'recite', 'count-lines', 'house-rules', 'meeting-room'].map(name => `    example-${name}:try-${name}: {}\n`).join('')
        + '    ./plugins/live.js:live: {}\n',
    })
    await instance.ready()
    await instance.prints('loaded first')
    // The watcher does not say when it begins to watch a file.
    const { folder } = instance
    const writing = setInterval(() => void writeFile(join(folder, 'plugins/live.js'), plugin('second')), 1000)
    try {
      await instance.prints('loaded second')
    } finally {
      clearInterval(writing)
    }
  })
})
