import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const args = [
  // Chromium does not run as root with its sandbox. All pages here are served by this machine.
  '--no-sandbox',
  '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // No host but this machine can be resolved.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/**
 * Starts the installed Chromium, headless and without access to a network.
 * @throws if it is not installed, so that the tests do not pass without running
 */
export function launch(): Promise<Browser> {
  const executablePath = paths.find(path => existsSync(path))
  if (!executablePath) {
    throw new Error('找不到 Chromium，请先运行 node scripts/install-test-programs.mjs chromium。'
      + ` / Chromium not found (${paths.join(', ')}): run node scripts/install-test-programs.mjs chromium first.`)
  }
  return chromium.launch({ executablePath, args })
}
