import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createGemini, freePort } from 'testkit'
import { mockAnswer } from './answer'
import { callbackPlatform } from './callback'
import type { Platform } from './platform'
import { websocketPlatform } from './websocket'

const root = resolve(__dirname, '../..')

/** A running instance, and how to chat with it. */
export interface Demo {
  platform: Platform
  introduction: string
  close(): Promise<void>
}

/**
 * Starts the instance with generated credentials in a temporary folder. Without an API key, a mock of the Gemini API
 * answers.
 * @param isPushed whether the bot opens a long connection; otherwise it receives callbacks
 * @throws {Error} with the output of the instance, if it does not start
 */
export async function startDemo(isPushed: boolean): Promise<Demo> {
  const { GEMINI_API_KEY, GEMINI_BASE_URL, GEMINI_MODEL, SOCKS_PROXY, PATH, HOME } = process.env
  const gemini = GEMINI_API_KEY ? undefined : await createGemini()
  gemini?.respond(mockAnswer)
  const port = await freePort()
  const platform = isPushed ? await websocketPlatform() : await callbackPlatform(port)
  const folder = await mkdtemp(join(tmpdir(), 'wecom-demo-'))
  for (const name of ['koishi.yml', 'package.json']) await copyFile(join(root, name), join(folder, name))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  // In a separate process group, so that Ctrl-C interrupts the answer and not the instance.
  const worker = fork(join(root, 'lib/instance/worker.js'), {
    cwd: folder,
    detached: true,
    silent: true,
    env: {
      ...{ PATH, HOME, PLATFORM: 'wecom', HOST: '127.0.0.1', PORT: String(port) },
      ...platform.env,
      ...gemini
        ? { GEMINI_API_KEY: 'mock', GEMINI_BASE_URL: gemini.url }
        : { GEMINI_API_KEY, GEMINI_BASE_URL, GEMINI_MODEL, SOCKS_PROXY },
    },
  })
  // On a signal there is no time for a graceful stop, and nothing that needs one.
  process.once('exit', () => {
    worker.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  const close = async () => {
    await stopWorker(worker)
    await Promise.all([gemini?.close(), platform.close()])
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(worker)
  } catch (error) {
    await close()
    throw error
  }
  return { platform, close, introduction: introductionOf(platform, !!gemini) }
}

/** Milliseconds for a graceful stop. Unfinished answers are not waited for. */
const STOP_TIMEOUT_MS = 1000

async function stopWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return
  const exited = once(worker, 'exit')
  if (worker.connected) worker.send({ type: 'stop', signal: 'SIGTERM' })
  const timer = setTimeout(() => worker.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(timer)
}

/** Waits until the instance is ready. */
async function waitUntilReady(worker: ChildProcess): Promise<void> {
  let output = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [worker.stdout!, worker.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.includes('Ready.')) resolve()
      })
    }
    worker.once('exit', () => reject(new Error(output)))
  })
}

function introductionOf({ introduction: { zh, en } }: Platform, isMock: boolean): string {
  const model = isMock
    ? [
        '没有设置 GEMINI_API_KEY，由本机的模拟服务代替 Gemini 回答。',
        'GEMINI_API_KEY is not set: a mock server on this machine answers instead of Gemini.',
      ]
    : ['由 Gemini 回答。', 'The answers come from Gemini.']
  return [`${zh}${model[0]}`, `${en} ${model[1]}`, ''].join('\n')
}
