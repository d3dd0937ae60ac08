import type { Context, Session } from 'koishi'

/**
 * Whether a person has at least that authority. Without a database all people have 0.
 * @throws the database's error
 */
export async function hasAuthority(ctx: Context, session: Session, least: number): Promise<boolean> {
  if (!least) return true
  if (!ctx.get('database')) return false
  const { authority } = await session.observeUser(['authority'])
  return authority >= least
}
