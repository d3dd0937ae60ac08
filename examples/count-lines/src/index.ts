import { h } from 'koishi'
import type { Context } from 'koishi'

export const name = 'count-lines'
export const inject = ['http']

export function apply(ctx: Context) {
  ctx.i18n.define('zh-CN', { 'count-lines': '{0} 行' })
  ctx.i18n.define('en-US', { 'count-lines': '{0} lines' })

  ctx.middleware(async (session, next) => {
    const [file] = h.select(session.elements ?? [], 'file')
    if (!file) return next()
    const { data } = await ctx.http.file(file.attrs.src as string)
    return session.i18n('count-lines', [Buffer.from(data).toString().split('\n').length])
  })
}
