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
  const { PATH, HOME } = process.env
  const { hasGemini, hasOpenAi, env } = modelSettings(process.env)
  const gemini = hasGemini || hasOpenAi ? undefined : await createGemini()
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
      ...gemini ? { GEMINI_API_KEY: 'mock', GEMINI_BASE_URL: gemini.url } : env,
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
  return { platform, close, introduction: introductionOf(platform, hasGemini ? 'gemini' : hasOpenAi ? 'openai' : 'mock') }
}

/** The variables that choose a model, as the instance reads them. */
const MODEL_VARIABLES = [
  'GEMINI_API_KEY', 'GEMINI_BASE_URL', 'GEMINI_MODEL', 'SOCKS_PROXY', 'OPENAI_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_MODEL',
] as const

/** Which service answers: a service in the dialect of OpenAI needs no key where it has an address. */
function modelSettings(variables: NodeJS.ProcessEnv) {
  const env = Object.fromEntries(MODEL_VARIABLES.map(name => [name, variables[name] ?? '']).filter(([, value]) => value))
  return { env, hasGemini: !!env.GEMINI_API_KEY, hasOpenAi: !!(env.OPENAI_BASE_URL || env.OPENAI_API_KEY) }
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

const INTRODUCTIONS = {
  mock: [
    '没有设置 GEMINI_API_KEY 或 OPENAI_BASE_URL，由本机的模拟服务代替 Gemini 回答。',
    'Neither GEMINI_API_KEY nor OPENAI_BASE_URL is set: a mock server on this machine answers instead of Gemini.',
  ],
  gemini: ['由 Gemini 回答。', 'The answers come from Gemini.'],
  openai: ['由 OPENAI_BASE_URL 的服务回答。', 'The answers come from the service at OPENAI_BASE_URL.'],
}

function introductionOf({ introduction: { zh, en } }: Platform, service: keyof typeof INTRODUCTIONS): string {
  const model = INTRODUCTIONS[service]
  return [`${zh}${model[0]}`, `${en} ${model[1]}`, ''].join('\n')
}
