import { h } from 'koishi'
import type { Context } from 'koishi'

export const name = 'deploy'

export function apply(ctx: Context) {
  ctx.i18n.define('zh-CN', { deploy: { ask: '要部署 {0} 吗？', yes: '部署', done: '已开始部署 {0}。' } })
  ctx.i18n.define('en-US', { deploy: { ask: 'Deploy {0}?', yes: 'Deploy', done: 'Deploying {0}.' } })

  ctx.command('deploy <service>').action(({ session }, service) => [
    h('p', session!.i18n('deploy.ask', [service])),
    h('button', { type: 'input', text: `deploy.confirm ${service}` }, session!.i18n('deploy.yes')),
  ])
  ctx.command('deploy.confirm <service>').action(({ session }, service) => session!.i18n('deploy.done', [service]))
}
