import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BilingualText } from '../bilingual'

export interface FileFindings {
  /** The file cannot be used. */
  problems: BilingualText[]
  /** The file can be used, but probably does not say what was meant. */
  hints: BilingualText[]
}

const UTF8_CURE: BilingualText = {
  zh: '请另存为 UTF-8（记事本：另存为，编码选「UTF-8」）',
  en: 'save it as UTF-8 (Notepad: Save as, encoding UTF-8)',
}

/** UTF-16 has a byte order mark, or a zero byte beside every ASCII character. */
function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.subarray(0, 2).toString('hex')
  return mark === 'fffe' || mark === 'feff' || bytes.subarray(0, 64).includes(0)
}

/** Values without quotes that go on after a `#`, which starts a comment. */
function* cutValues(name: string, text: string): Iterable<BilingualText> {
  for (const [, variable] of text.matchAll(/^[^\S\n]*(?:export\s+)?([\w.-]+)[^\S\n]*=[^\S\n]*[^\s"'`#][^\s#]*#/gm)) {
    yield {
      zh: `${name} 里 ${variable} 的值在 # 处被截断：# 之后是注释，请给整个值加上引号。`,
      en: `in ${name}, the value of ${variable} ends before the #, which starts a comment: put the value in quotes.`,
    }
  }
}

/** Checks the bytes of a `.env` file. */
export function examineEnvFile(name: string, bytes: Buffer): FileFindings {
  if (isUtf16(bytes)) {
    return {
      problems: [{
        zh: `${name} 是 UTF-16 编码，读不出来：${UTF8_CURE.zh}。`,
        en: `${name} is UTF-16 and cannot be read: ${UTF8_CURE.en}.`,
      }],
      hints: [],
    }
  }
  const hints = [...cutValues(name, bytes.toString())]
  if (!isUtf8(bytes)) {
    hints.unshift({
      zh: `${name} 不是 UTF-8 编码，其中的中文会变成乱码：${UTF8_CURE.zh}。`,
      en: `${name} is not UTF-8, so characters other than ASCII are garbled: ${UTF8_CURE.en}.`,
    })
  }
  return { problems: [], hints }
}

/** Checks the `.env` files in a folder. */
export async function examineEnvFiles(folder: string): Promise<FileFindings> {
  const findings: FileFindings = { problems: [], hints: [] }
  for (const name of ['.env', '.env.local']) {
    const bytes = await readFile(join(folder, name)).catch(() => undefined)
    if (!bytes) continue
    const { problems, hints } = examineEnvFile(name, bytes)
    findings.problems.push(...problems)
    findings.hints.push(...hints)
  }
  return findings
}
