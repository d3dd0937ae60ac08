import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './instance'

/** The files of the repository that git tracks or would track, as paths relative to its root. */
export function repositoryFiles(): string[] {
  const output = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root, encoding: 'utf8', maxBuffer: 1 << 26,
  })
  return [...new Set(output.split('\0'))].filter(file => file && existsSync(join(root, file))).sort()
}
