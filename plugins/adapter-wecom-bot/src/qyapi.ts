/** How a call to WeCom's API ended without success. */
export type Failure =
  /** It never left: no connection. It may be tried again. */
  | 'unsent'
  /** WeCom answered with an error code. */
  | 'refused'
  /** No answer came back; it may or may not have arrived. */
  | 'unknown'

/** Its message names neither the URL nor the body: both are secrets. */
export class QyapiError extends Error {
  override name = 'QyapiError'

  constructor(readonly failure: Failure, readonly errcode?: number, detail?: string) {
    super([`WeCom API call ${failure}`, errcode && `errcode ${errcode}`, detail].filter(Boolean).join(', '))
  }
}

/** Posts JSON and reads JSON; rejects with the network's error. */
export type Post = (url: string, body: object) => Promise<unknown>

/**
 * Calls WeCom's API. Success is `errcode` 0, whatever the HTTP status says.
 * @throws {QyapiError}
 * @see https://developer.work.weixin.qq.com/document/path/90313
 */
export async function call(post: Post, url: string, body: object): Promise<Record<string, unknown>> {
  let answer: unknown
  try {
    answer = await post(url, body)
  } catch (error) {
    throw new QyapiError(isUnsent(error) ? 'unsent' : 'unknown', undefined, code(error))
  }
  if (typeof answer !== 'object' || answer === null || !('errcode' in answer)) {
    throw new QyapiError('unknown', undefined, 'the answer is not JSON with an "errcode"')
  }
  const { errcode } = answer as { errcode: unknown }
  if (errcode !== 0) throw new QyapiError('refused', Number(errcode))
  return answer as Record<string, unknown>
}

const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

function isUnsent(error: unknown) {
  return unsent.includes(code(error) ?? '')
}

/** The innermost error code, for `fetch` wraps the network's error twice. */
function code(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code && typeof code === 'string') return code
  }
}
