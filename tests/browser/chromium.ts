import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const args = [
  // Chromium refuses to run as root with its sandbox, and every page here comes from this machine.
  '--no-sandbox',
  '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // Nothing but this machine has an address.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/**
 * Starts the Chromium of this machine, without a window and without a network.
 * @throws where there is none: a test that looks at pages must not pass without having seen them
 */
export function launch(): Promise<Browser> {
  const executablePath = paths.find(path => existsSync(path))
  if (!executablePath) {
    throw new Error('没有找到 Chromium，请先运行 node scripts/install-test-programs.mjs chromium。'
      + ` / There is no Chromium (${paths.join(', ')}): run node scripts/install-test-programs.mjs chromium first.`)
  }
  return chromium.launch({ executablePath, args })
}
