import type { BilingualText } from '../bilingual'
import type { Env, Variable } from '../env'

/** Texts in which quotes and `#` may be meant. */
const FREE_TEXTS: Variable[] = ['KOISHI_ADMIN_PASSWORD', 'WECOM_BOT_NAME']

/** What a real environment variable contains although `.env` files allow it: quotes around the value, or a comment. */
export function wrapping(value: string): BilingualText | undefined {
  if (/^(["'`])[^]*\1$/.test(value)) {
    return {
      zh: '值的两端有引号：在 docker run --env-file 和 systemd 里，引号是值的一部分，请去掉',
      en: 'there are quotes around it, which docker run --env-file and systemd take as part of the value: remove them',
    }
  }
  if (/\s#/.test(value)) {
    return {
      zh: '值的后面有 # 注释：在 docker run --env-file 和 systemd 里，注释是值的一部分，请删除',
      en: 'there is a # comment behind it, which docker run --env-file and systemd take as part of the value: remove it',
    }
  }
}

/** Values that work, but probably not as meant. */
export function valueHints(env: Env): BilingualText[] {
  const hints: BilingualText[] = []
  const key = env.WECOM_BOT_ENCODING_AES_KEY ?? ''
  if (/^[A-Za-z0-9+/]{43}$/.test(key) && /[+/]/.test(key)) {
    hints.push({
      zh: 'WECOM_BOT_ENCODING_AES_KEY 里有 + 或 /，可以使用，但企业微信后台只接受字母和数字：'
        + '后台不接受时，请点「随机获取」并改用那个值，或用 npm run keygen 生成。',
      en: 'WECOM_BOT_ENCODING_AES_KEY contains + or /. It works here, but the WeCom console only takes letters and '
        + 'digits: if it refuses the key, let the console generate one, or run npm run keygen.',
    })
  }
  const selfUrl = env.SELF_URL && URL.canParse(env.SELF_URL) ? new URL(env.SELF_URL) : undefined
  if (selfUrl && selfUrl.pathname !== '/') {
    hints.push({
      zh: `SELF_URL 带有路径 ${selfUrl.pathname}：通常只填到域名，即 ${selfUrl.origin}；只有反向代理会去掉这段路径时才需要它。`,
      en: `SELF_URL has the path ${selfUrl.pathname}: usually it ends with the host, ${selfUrl.origin}. A path is only `
        + 'right if the reverse proxy removes it.',
    })
  }
  for (const name of FREE_TEXTS) {
    const hint = wrapping(env[name] ?? '')
    if (hint) hints.push({ zh: `请检查 ${name}：${hint.zh}。`, en: `Check ${name}: ${hint.en}.` })
  }
  return hints
}

/** Whether quotes or a comment make a value wrong rather than unusual. */
export function isWrapped(name: Variable, value: string): boolean {
  return !FREE_TEXTS.includes(name) && wrapping(value) !== undefined
}
