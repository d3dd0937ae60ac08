import { h } from 'koishi'
import type { Context, Session } from 'koishi'
import { localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'
import { examine } from './examine'
import type { ExamineOptions } from './examine'
import { formatFinding } from './finding'
import type { Finding } from './finding'
import { examineInstance } from './instance'

/** `gemini.doctor`, for those who run the bot. */
export function registerDoctor(ctx: Context, patient: ExamineOptions) {
  ctx.command('gemini.doctor', { authority: 3 }).action(async ({ session }) => {
    const findings: Finding[] = []
    for await (const finding of examine(patient)) findings.push(finding)
    // The texts have gone with the plugin.
    if (patient.signal.aborted) return
    for await (const finding of examineInstance(ctx)) findings.push(finding)
    // What others say of their failures is no markup.
    return [h.text(report(findings, session!))]
  })
}

function report(findings: Finding[], session: Session): string {
  const say = (message: Message) => localizeText(session, ...message)
  const failures = findings.filter(({ state }) => state === 'bad').length
  const lines = findings.map(finding => formatFinding(finding, say))
  return [...lines, say(failures ? ['doctor.ill', { failures }] : ['doctor.well'])].join('\n')
}
