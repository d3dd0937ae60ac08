import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createEncodingAESKey, createGemini, createToken, freePort } from 'testkit'
import type { Options } from '../terminal/options'
import { standIn } from './answer'

const root = resolve(__dirname, '../..')

/** The instance that is running, for somebody who wants to talk to it. */
export interface Demo {
  options: Options
  introduction: string
  close(): Promise<void>
}

/**
 * Starts the real instance with credentials made for the occasion, in a folder that goes with it. Where there is no
 * API key, a stand-in answers in Gemini's place.
 * @throws {Error} with what the instance printed, when it does not start
 */
export async function startDemo(): Promise<Demo> {
  const { GEMINI_API_KEY, GEMINI_BASE_URL, GEMINI_MODEL, SOCKS_PROXY, PATH, HOME } = process.env
  const gemini = GEMINI_API_KEY ? undefined : await createGemini()
  gemini?.respond(standIn)
  const [port, listen] = [await freePort(), await freePort()]
  const options: Options = {
    command: 'chat',
    url: `http://127.0.0.1:${port}/api/wecom/callback`,
    token: createToken(),
    encodingAESKey: createEncodingAESKey(),
    botName: '小助手',
    userId: 'demo-' + randomBytes(2).toString('hex'),
    listen,
  }
  const folder = await mkdtemp(join(tmpdir(), 'wecom-demo-'))
  for (const name of ['koishi.yml', 'package.json']) await copyFile(join(root, name), join(folder, name))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  // A process group of its own: Ctrl-C interrupts the answer on the screen and not the instance.
  const worker = fork(join(root, 'lib/instance/worker.js'), {
    cwd: folder,
    detached: true,
    silent: true,
    env: {
      ...{ PATH, HOME, PLATFORM: 'wecom', HOST: '127.0.0.1', PORT: String(port) },
      WECOM_BOT_TOKEN: options.token,
      WECOM_BOT_ENCODING_AES_KEY: options.encodingAESKey,
      WECOM_BOT_NAME: options.botName,
      WECOM_BOT_TRUSTED_HOSTS: `127.0.0.1:${listen}`,
      ...gemini
        ? { GEMINI_API_KEY: 'stand-in', GEMINI_BASE_URL: gemini.url }
        : { GEMINI_API_KEY, GEMINI_BASE_URL, GEMINI_MODEL, SOCKS_PROXY },
    },
  })
  // Where the process is ended from outside there is no time for a farewell, and nothing worth one.
  process.once('exit', () => {
    worker.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  const close = async () => {
    await end(worker)
    await gemini?.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await ready(worker)
  } catch (error) {
    await close()
    throw error
  }
  return { options, close, introduction: introduce(options, !!gemini) }
}

/** An answer that is still being written would be waited for; nobody reads it any more. */
const PATIENCE = 1000

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return
  const exited = once(worker, 'exit')
  if (worker.connected) worker.send({ type: 'stop', signal: 'SIGTERM' })
  const timer = setTimeout(() => worker.kill('SIGKILL'), PATIENCE)
  await exited
  clearTimeout(timer)
}

/** Waits until everything is on. */
async function ready(worker: ChildProcess): Promise<void> {
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

function introduce({ url, botName }: Options, isStandIn: boolean): string {
  const model = isStandIn
    ? [
        '没有设置 GEMINI_API_KEY，由本机的替身代替 Gemini 回答。',
        'GEMINI_API_KEY is not set: a stand-in on this machine answers in Gemini\'s place.',
      ]
    : ['由 Gemini 回答。', 'Gemini answers.']
  return [
    `机器人「${botName}」已在 ${url} 启动，凭据为本次随机生成，消息与企业微信一样加密。${model[0]}`,
    `The bot is up with credentials made for this run; messages are encrypted as WeCom does. ${model[1]}`,
    '',
  ].join('\n')
}
