import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { Bubble, WecomClient } from 'testkit'
import { startDemo } from './demo/instance'
import { chat } from './terminal/chat'

const QUESTION = '你好，请介绍一下你自己。'

/** Asks one question and prints the answer as it grows. @returns the exit code */
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
  console.error(`\n（1 条加密消息，${polls} 次轮询，${seconds(first)} 秒后出现文字，共 ${all} 秒）`)
  console.error(`(1 encrypted message, ${polls} polls, first text after ${seconds(first)} s, ${all} s in total)`)
  return isComplete ? 0 : 1
}

/** Exits on a signal, so that the exit handlers remove the instance and its folder. */
function exitOnSignal(signal: NodeJS.Signals) {
  process.exit(128 + constants.signals[signal])
}

async function run(): Promise<number> {
  for (const file of ['.env.local', '.env']) if (existsSync(file)) process.loadEnvFile(file)
  const question = parseArgs({ allowPositionals: true }).positionals.join(' ')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, exitOnSignal)
  const demo = await startDemo()
  try {
    console.error(demo.introduction)
    if (question || !process.stdin.isTTY || !process.stdout.isTTY) {
      if (!question) console.error(`> ${QUESTION}\n`)
      return await ask(new WecomClient(demo.options), question || QUESTION)
    }
    // In a chat, Ctrl-C interrupts the answer.
    process.off('SIGINT', exitOnSignal)
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
