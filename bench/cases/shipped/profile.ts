import { writeFile } from 'node:fs/promises'
import { createGemini, scenarios } from 'testkit'
import type { Report } from '../../harness'
import { sharesByFunction, sharesByPackage } from '../../harness/cpu-profile'
import { ANSWER, steady } from '../../harness/questions'
import { ShippedInstance } from '../../harness/shipped-instance'
import { messageOf } from '../../harness/wecom'

const MESSAGES = 600
const CONNECTIONS = 16
const FUNCTIONS = 30

/**
 * Where the CPU time of an answered message goes, by package and by function: of the instance as it ships, for people
 * it knows. `BENCH_PROFILE=file` also keeps the profile, which Chrome's developer tools open.
 */
export async function profile(report: Report) {
  const gemini = await createGemini()
  gemini.respond(() => scenarios.text(ANSWER))
  const shipped = await ShippedInstance.start({ GEMINI_API_KEY: 'benchmark', GEMINI_BASE_URL: gemini.url }, { preload: 'profile.cjs' })
  try {
    const payloads = () => Array.from({ length: MESSAGES }, (_, index) => messageOf(`person-${index}`, '你好'))
    await steady(shipped.port, payloads(), CONNECTIONS)
    const result = await shipped.profile(() => steady(shipped.port, payloads(), CONNECTIONS))
    if (process.env.BENCH_PROFILE) await writeFile(process.env.BENCH_PROFILE, JSON.stringify(result))
    for (const { name, share } of sharesByPackage(result)) if (share >= 0.005) report.info(name, share)
    for (const { name, share } of sharesByFunction(result).slice(0, FUNCTIONS)) report.info(name, share)
  } finally {
    await shipped.stop()
    await gemini.close()
  }
}
