// Says where the Chromium is that `npm run test:browser` uses. On a Debian where we are root it installs one.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** Chinese characters, and Latin ones as wide as most people have them: the tests look whether texts fit. */
const fonts = ['fonts-wqy-microhei', 'fonts-liberation']

function find() {
  return paths.find(path => existsSync(path))
}

function run(command, args, env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  if (error) console.error(error.message)
  return status === 0
}

function install() {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  return run('apt-get', ['update'], env)
    && run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium', ...fonts], env)
}

if (!find()) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`没有找到 Chromium（${paths.join('、')}），请先安装。`)
    console.error(`There is no Chromium (${paths.join(', ')}): install it first.`)
    process.exit(1)
  }
  if (!install() || !find()) {
    console.error('没能安装 Chromium。 / Chromium could not be installed.')
    process.exit(1)
  }
}
console.log(`Chromium: ${find()}`)
