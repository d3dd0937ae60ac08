// Finds programs that some tests need, and installs missing ones on Debian as root:
// node scripts/install-test-programs.mjs chromium nginx redis-server

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const programs = {
  /** With fonts for Chinese and with Latin ones of the usual width: the tests check that texts fit. */
  chromium: {
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    packages: ['chromium', 'fonts-wqy-microhei', 'fonts-liberation'],
  },
  nginx: {
    paths: ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'],
    packages: ['nginx'],
  },
  'redis-server': {
    paths: ['/usr/bin/redis-server', '/usr/local/bin/redis-server'],
    packages: ['redis-server'],
  },
}

function run(command, args) {
  // Run level 1 keeps Debian from starting a server after its installation.
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
      console.error(`找不到 ${name}（${paths.join('、')}），请先安装。`)
      console.error(`${name} not found (${paths.join(', ')}): install it first.`)
      process.exit(1)
    }
    const isInstalled = run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', ...packages])
    if (!isInstalled || !find()) {
      console.error(`无法安装 ${name}。 / Could not install ${name}.`)
      process.exit(1)
    }
  }
  console.log(`${name}: ${find()}`)
}
