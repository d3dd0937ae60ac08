/** An error as services write it; all fields may be missing. */
export interface WireError {
  message?: string
  code?: string | number
  type?: string
  param?: string
}

/**
 * The error in the body of a response or an event; undefined if there is none. Besides OpenAI's form this reads those
 * of FastAPI (`detail`), Dify and RAGFlow (`code` and `message`), Baidu (`error_msg`) and MiniMax (`base_resp`).
 * @see https://platform.openai.com/docs/guides/error-codes
 */
export function errorInCompletion(body: unknown): WireError | undefined {
  const outer: unknown = Array.isArray(body) ? body[0] : body
  if (!outer || typeof outer !== 'object') return
  const { error, errors, base_resp: base, ...rest } = outer as Record<string, unknown>
  if (typeof error === 'string' && error) return { ...readFields(rest), message: error }
  if (error && typeof error === 'object') return readFields(error as Record<string, unknown>)
  if (Array.isArray(errors) && errors.length) return errorInCompletion({ error: errors[0] as unknown })
  const { status_code: code, status_msg: message } = (base ?? {}) as { status_code?: unknown, status_msg?: unknown }
  if (code) return readFields({ code, message })
  if ('choices' in rest) return
  const fields = readFields(rest)
  return fields.message === undefined ? undefined : fields
}

function readFields(fields: Record<string, unknown>): WireError {
  const texts = [fields.message, fields.msg, fields.error_msg, fields.detail, fields.error_description]
  const [detail] = Array.isArray(fields.detail) ? fields.detail as ({ msg?: unknown } | null)[] : []
  const codes = [fields.code, fields.error_code, fields.status]
  return {
    message: [...texts, detail?.msg].find(text => typeof text === 'string' && text) as string | undefined,
    code: codes.find((code): code is string | number => (typeof code === 'string' && !!code) || typeof code === 'number'),
    type: typeof fields.type === 'string' ? fields.type : undefined,
    param: typeof fields.param === 'string' ? fields.param : undefined,
  }
}
