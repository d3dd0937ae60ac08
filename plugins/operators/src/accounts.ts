import type { Context } from 'koishi'

declare module 'koishi' {
  interface Tables {
    operator: OperatorRow
  }
}

/** An account that this plugin has raised. */
export interface OperatorRow {
  /** `platform:user id` */
  account: string
  /** The level to give back when the account leaves the list. */
  formerAuthority: number
}

const DEFAULT_AUTHORITY = 1

/** Declares the table. It may be called before there is a database. */
export function declareTable(ctx: Context) {
  ctx.model.extend('operator', { account: 'string(255)', formerAuthority: 'unsigned' }, { primary: 'account' })
}

/** @returns `undefined` for what is not `platform:user id`; the id may contain colons */
export function parseAccount(account: string): { platform: string, pid: string } | undefined {
  const [, platform, pid] = /^([^:\s]+):(\S+)$/.exec(account.trim()) ?? []
  return platform ? { platform, pid } : undefined
}

/** The user an account is bound to. MySQL compares text without regard to case, so another account may come back. */
async function findUser({ database }: Context, platform: string, pid: string) {
  const bindings = await database.get('binding', { platform, pid }, ['aid', 'pid'])
  const binding = bindings.find(row => row.pid === pid)
  if (!binding) return
  const [user] = await database.get('user', { id: binding.aid }, ['id', 'authority'])
  return user
}

/**
 * Gives the accounts of the list their authority, and those that have left it their former one. An account that has
 * never written to the bot is created.
 * @returns the accounts that are now operators and were not before, and those that no longer are
 * @throws what the database throws
 */
export async function applyAccounts(ctx: Context, accounts: readonly string[], authority: number) {
  const listed = new Map<string, { platform: string, pid: string }>(accounts.flatMap((account) => {
    const parsed = parseAccount(account)
    return parsed ? [[`${parsed.platform}:${parsed.pid}`, parsed] as const] : []
  }))
  const added: string[] = []
  const removed: string[] = []
  const rows = await ctx.database.get('operator', {})
  for (const [account, { platform, pid }] of listed) {
    const user = await findUser(ctx, platform, pid)
    if (!rows.some(row => row.account === account)) {
      const formerAuthority = user?.authority ?? DEFAULT_AUTHORITY
      await ctx.database.upsert('operator', [{ account, formerAuthority }])
      added.push(account)
    }
    if (!user) await ctx.database.createUser(platform, pid, { authority, createdAt: new Date() })
    else if (user.authority !== authority) await ctx.database.set('user', user.id, { authority })
  }
  for (const { account, formerAuthority } of rows) {
    if (listed.has(account)) continue
    const { platform, pid } = parseAccount(account)!
    const user = await findUser(ctx, platform, pid)
    if (user) await ctx.database.set('user', user.id, { authority: Math.min(user.authority, formerAuthority) })
    await ctx.database.remove('operator', { account })
    removed.push(account)
  }
  return { added, removed }
}
