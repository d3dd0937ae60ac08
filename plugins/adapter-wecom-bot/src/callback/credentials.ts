import type { Config } from '../config'
import type { Credential } from '../protocol/crypto'
import { decodeKey } from '../protocol/crypto'

type CredentialConfig = Pick<
  Config,
  'token' | 'encodingAESKey' | 'receiveId' | 'corpId' | 'previousToken' | 'previousEncodingAESKey'
>

/**
 * The credentials that callbacks may use: the current one, then the previous one, which stays valid while the console
 * is being changed. With `corpId` each is also accepted for callbacks of self-built apps, which are encrypted for it.
 * A bot that only has a long connection has none.
 */
export function createCredentials(config: CredentialConfig): Credential[] {
  const { token, encodingAESKey, receiveId, corpId, previousToken, previousEncodingAESKey } = config
  if (!token || !encodingAESKey) return []
  const list: Credential[] = [{ token, key: decodeKey(encodingAESKey), receiveId }]
  if (previousToken || previousEncodingAESKey) {
    list.push({ token: previousToken || token, key: decodeKey(previousEncodingAESKey || encodingAESKey), receiveId })
  }
  if (!corpId || corpId === receiveId) return list
  return list.flatMap(credential => [credential, { ...credential, receiveId: corpId, isApp: true }])
}
