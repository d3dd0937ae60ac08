import { createServer } from 'node:net'
import type { BilingualText } from './bilingual'

function explainPortError(code: string, host: string, port: number): BilingualText {
  const reasons: Record<string, BilingualText> = {
    EADDRINUSE: {
      zh: `端口 ${port} 已被占用：停止占用它的程序（用 ss -ltnp | grep :${port} 查看），或设置另一个 PORT。`,
      en: `port ${port} is in use: stop the program that uses it (find it with ss -ltnp | grep :${port}), or set another PORT.`,
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
 * Checks that the port can be listened on. Koishi's server would only log a busy port and continue without it.
 * @returns the problem, or `undefined`
 */
export function checkPort(host: string, port: number): Promise<BilingualText | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(explainPortError(error.code ?? error.message, host, port)))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}
