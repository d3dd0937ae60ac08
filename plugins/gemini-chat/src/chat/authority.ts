import type { Context, Session } from 'koishi'

/**
 * Whether somebody has so much authority. Without a database nobody has any.
 * @throws the database's error
 */
export async function hasAuthority(ctx: Context, session: Session, least: number): Promise<boolean> {
  if (!least) return true
  if (!ctx.get('database')) return false
  const { authority } = await session.observeUser(['authority'])
  return authority >= least
}
