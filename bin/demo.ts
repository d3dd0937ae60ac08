import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { Bubble } from 'testkit'
import { startDemo } from './demo/instance'
import type { Platform } from './demo/platform'
import { cardText } from './terminal/card'
import type { TemplateCard } from './terminal/card'

const QUESTION = '你好，请介绍一下你自己。'

/** Asks one question and prints the answer as it grows. @returns the exit code */
async function ask(platform: Platform, question: string): Promise<number> {
  const bubble = new Bubble(process.stdout)
  const began = performance.now()
  let states = 0
  let first = 0
  let isComplete = false
  let shown: TemplateCard | undefined
  try {
    for await (const { content, finish, card } of platform.ask(question)) {
      states++
      shown = card ?? shown
      first ||= content.replace(/<\/?think>/g, '').trim() ? performance.now() - began : 0
      isComplete = finish
      bubble.update(content)
    }
  } finally {
    bubble.finish()
  }
  if (shown) console.error(`\n${cardText(shown)}`)
  const seconds = (time: number) => (time / 1000).toFixed(1)
  const all = seconds(performance.now() - began)
  const { zh, en } = platform.summary(states)
  console.error(`\n（${zh}，${seconds(first)} 秒后出现文字，共 ${all} 秒）`)
  console.error(`(${en}, first text after ${seconds(first)} s, ${all} s in total)`)
  return isComplete ? 0 : 1
}

/** Exits on a signal, so that the exit handlers remove the instance and its folder. */
function exitOnSignal(signal: NodeJS.Signals) {
  process.exit(128 + constants.signals[signal])
}

async function run(): Promise<number> {
  for (const file of ['.env.local', '.env']) if (existsSync(file)) process.loadEnvFile(file)
  const { values: { websocket }, positionals } = parseArgs({
    allowPositionals: true,
    options: { websocket: { type: 'boolean', default: false } },
  })
  const question = positionals.join(' ')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, exitOnSignal)
  const demo = await startDemo(websocket)
  try {
    console.error(demo.introduction)
    const { platform } = demo
    if (question || !platform.chat || !process.stdin.isTTY || !process.stdout.isTTY) {
      if (!question) console.error(`> ${QUESTION}\n`)
      return await ask(platform, question || QUESTION)
    }
    // In a chat, Ctrl-C interrupts the answer.
    process.off('SIGINT', exitOnSignal)
    return await platform.chat()
  } finally {
    await demo.close()
  }
}

run().then((code) => {
  process.exitCode = code
}, (error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
