import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { Bubble, WecomClient } from 'testkit'
import { startDemo } from './demo/instance'
import { chat } from './terminal/chat'

const QUESTION = '你好，请介绍一下你自己。'

/** Asks once. @returns the exit code */
async function ask(client: WecomClient, question: string): Promise<number> {
  const bubble = new Bubble(process.stdout)
  const began = performance.now()
  let polls = -1
  let first = 0
  let isComplete = false
  try {
    for await (const { content, finish } of client.ask(question)) {
      polls++
      first ||= content.replace(/<\/?think>/g, '').trim() ? performance.now() - began : 0
      isComplete = finish
      bubble.update(content)
    }
  } finally {
    bubble.finish()
  }
  const seconds = (time: number) => (time / 1000).toFixed(1)
  const all = seconds(performance.now() - began)
  console.error(`\n（1 条加密消息，${polls} 次轮询，${seconds(first)} 秒见到文字，共 ${all} 秒）`)
  console.error(`(1 encrypted message, ${polls} polls, text after ${seconds(first)} s, ${all} s in all)`)
  return isComplete ? 0 : 1
}

/** Nothing may stay behind: what the instance leaves goes when the process exits, and a signal alone skips that. */
function leave(signal: NodeJS.Signals) {
  process.exit(128 + constants.signals[signal])
}

async function run(): Promise<number> {
  for (const file of ['.env.local', '.env']) if (existsSync(file)) process.loadEnvFile(file)
  const question = parseArgs({ allowPositionals: true }).positionals.join(' ')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave)
  const demo = await startDemo()
  try {
    console.error(demo.introduction)
    if (question || !process.stdin.isTTY || !process.stdout.isTTY) {
      if (!question) console.error(`> ${QUESTION}\n`)
      return await ask(new WecomClient(demo.options), question || QUESTION)
    }
    // There Ctrl-C interrupts an answer.
    process.off('SIGINT', leave)
    return await chat(demo.options)
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
