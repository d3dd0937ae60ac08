import { h } from 'koishi'
import type { Context, Session } from 'koishi'
import { localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'
import { examine } from './examine'
import type { ExamineOptions } from './examine'
import { formatFinding } from './finding'
import type { Finding } from './finding'
import { examineInstance } from './instance'

/** Registers `gemini.doctor`, for authority 3 and above. */
export function registerDoctor(ctx: Context, options: ExamineOptions) {
  ctx.command('gemini.doctor', { authority: 3 }).action(async ({ session }) => {
    const findings: Finding[] = []
    for await (const finding of examine(options)) findings.push(finding)
    // The texts are gone once the plugin is unloaded.
    if (options.signal.aborted) return
    for await (const finding of examineInstance(ctx)) findings.push(finding)
    // Error messages of others must not be parsed as markup.
    return [h.text(report(findings, session!))]
  })
}

function report(findings: Finding[], session: Session): string {
  const localize = (message: Message) => localizeText(session, ...message)
  const problems = findings.filter(({ state }) => state === 'problem').length
  const lines = findings.map(finding => formatFinding(finding, localize))
  return [...lines, localize(problems ? ['doctor.ill', { failures: problems }] : ['doctor.well'])].join('\n')
}
