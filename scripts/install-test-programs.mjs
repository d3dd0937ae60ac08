// Finds the programs that some tests need, and installs them on a Debian machine where we are root:
// node scripts/install-test-programs.mjs nginx

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const programs = {
  /** Fonts: Chinese characters, and Latin ones as wide as most people have them: the tests look whether texts fit. */
  chromium: {
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    packages: ['chromium', 'fonts-wqy-microhei', 'fonts-liberation'],
  },
  nginx: {
    paths: ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'],
    packages: ['nginx'],
  },
}

function run(command, args) {
  // A server that has just been installed is not to be started.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env })
  if (error) console.error(error.message)
  return status === 0
}

for (const name of process.argv.slice(2)) {
  const { paths, packages } = programs[name]
  const find = () => paths.find(path => existsSync(path))
  if (!find()) {
    if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
      console.error(`没有找到 ${name}（${paths.join('、')}），请先安装。`)
      console.error(`There is no ${name} (${paths.join(', ')}): install it first.`)
      process.exit(1)
    }
    const isInstalled = run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', ...packages])
    if (!isInstalled || !find()) {
      console.error(`没能安装 ${name}。 / ${name} could not be installed.`)
      process.exit(1)
    }
  }
  console.log(`${name}: ${find()}`)
}
