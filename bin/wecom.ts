import { existsSync } from 'node:fs'
import { WecomClient } from 'testkit'
import { chat } from './terminal/chat'
import type { TerminalOptions } from './terminal/options'
import { UsageError, readOptions, USAGE } from './terminal/options'

async function verify(options: TerminalOptions) {
  const result = await new WecomClient(options).verify()
  if (result.ok) {
    console.log(`✓ 验证通过，用时 ${Math.round(result.elapsed)} 毫秒。\n  Verified in ${Math.round(result.elapsed)} ms.`)
    return 0
  }
  console.error(`✗ ${result.reason}\n  ${result.detail.replace('\n', '\n  ')}`)
  return 1
}

async function run() {
  for (const file of ['.env.local', '.env']) if (existsSync(file)) process.loadEnvFile(file)
  const options = readOptions(process.argv.slice(2), process.env)
  if (!options) {
    console.log(USAGE)
    return 0
  }
  return options.command === 'verify' ? verify(options) : chat(options)
}

run().then((code) => {
  process.exitCode = code
}, (error) => {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = 1
})
