import { createServer } from 'node:net'
import type { Text } from './bilingual'

function explain(code: string, host: string, port: number): Text {
  const reasons: Record<string, Text> = {
    EADDRINUSE: {
      zh: `端口 ${port} 已被占用：停掉占用它的程序（用 ss -ltnp | grep :${port} 查看），或设置另一个 PORT。`,
      en: `port ${port} is in use: stop the program that holds it (see ss -ltnp | grep :${port}), or set another PORT.`,
    },
    EACCES: {
      zh: `没有权限监听端口 ${port}：请设置 1024 以上的 PORT，用反向代理对外提供 443。`,
      en: `no permission to listen on port ${port}: set PORT above 1024 and let a reverse proxy serve 443.`,
    },
    EADDRNOTAVAIL: {
      zh: `本机没有地址 ${host}：HOST 请用 127.0.0.1（容器里用 0.0.0.0）。`,
      en: `this machine has no address ${host}: set HOST to 127.0.0.1 (0.0.0.0 in a container).`,
    },
  }
  return reasons[code] ?? {
    zh: `无法监听 ${host}:${port}（${code}）：请检查 HOST 和 PORT。`,
    en: `cannot listen on ${host}:${port} (${code}): check HOST and PORT.`,
  }
}

/**
 * Tries the address once and lets it go again. Koishi's server would report a busy port as one quiet log line
 * and go on running without it.
 * @returns what is wrong, or nothing
 */
export function probe(host: string, port: number): Promise<Text | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(explain(error.code ?? error.message, host, port)))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}
