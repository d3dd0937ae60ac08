import { existsSync } from 'node:fs'
import { WecomClient } from 'testkit'
import { chat } from './terminal/chat'
import type { Options } from './terminal/options'
import { UsageError, readOptions, usage } from './terminal/options'

async function verify(options: Options) {
  const verdict = await new WecomClient(options).verify()
  if (verdict.ok) {
    console.log(`✓ 验证通过，用时 ${Math.round(verdict.elapsed)} 毫秒。\n  Verified in ${Math.round(verdict.elapsed)} ms.`)
    return 0
  }
  console.error(`✗ ${verdict.reason}\n  ${verdict.detail.replace('\n', '\n  ')}`)
  return 1
}

async function run() {
  for (const file of ['.env.local', '.env']) if (existsSync(file)) process.loadEnvFile(file)
  const options = readOptions(process.argv.slice(2), process.env)
  if (!options) {
    console.log(usage)
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
