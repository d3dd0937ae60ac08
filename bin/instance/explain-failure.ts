import { redact } from './env'
import type { Env } from './env'
import type { PluginFailure } from './loader'
import type { ReportLine } from './bilingual'

/** Explains why a plugin does not run, and how to fix it. */
export function explainFailure({ name, reason, detail }: PluginFailure, env: Env): ReportLine {
  switch (reason) {
    case 'unresolved':
      return {
        mark: '✗',
        zh: `插件 ${name} 没有加载：找不到这个包。请先运行 npm ci 和 npm run build，或把它从 koishi.yml 里删除。`,
        en: `plugin ${name} did not load: the package cannot be found. Run npm ci and npm run build, `
          + 'or remove it from koishi.yml.',
      }
    case 'waiting':
      return {
        mark: '✗',
        zh: `插件 ${name} 没有加载：它需要的服务 ${detail} 不存在，请检查 koishi.yml 里提供这个服务的插件。`,
        en: `plugin ${name} did not load: it needs the service ${detail}; check the plugin in koishi.yml that provides it.`,
      }
    case 'error':
      return {
        mark: '✗',
        zh: `插件 ${name} 没有加载：${redact(detail, env)}`,
        en: `plugin ${name} did not load: ${redact(detail, env)}`,
      }
  }
}
