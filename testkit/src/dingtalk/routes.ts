/** The supported APIs. */
const routes = {
  'POST /v1.0/oauth2/accessToken': 'token',
  'POST /v1.0/gateway/connections/open': 'open',
  'GET /v1.0/microApp/allInnerApps': 'apps',
  'POST /microapp/list': 'oldApps',
  'POST /media/upload': 'upload',
  'POST /robot/sendBySession': 'webhook',
  'POST /v1.0/robot/messageFiles/download': 'download',
  'POST /v1.0/robot/oToMessages/batchSend': 'batchSend',
  'POST /v1.0/robot/groupMessages/send': 'groupSend',
  'POST /v1.0/robot/otoMessages/batchRecall': 'batchRecall',
  'POST /v1.0/robot/groupMessages/recall': 'groupRecall',
  'POST /v1.0/robot/emotion/reply': 'react',
  'POST /v1.0/robot/emotion/recall': 'unreact',
  'POST /v1.0/card/instances/createAndDeliver': 'createAndDeliver',
  'PUT /v1.0/card/instances': 'updateCard',
  'PUT /v1.0/card/streaming': 'streaming',
} as const

export type DingtalkApi = typeof routes[keyof typeof routes]

/** APIs of `oapi.dingtalk.com`, which take the token as a parameter and report errors with the HTTP status 200. */
export const OLD_APIS = new Set<DingtalkApi>(['oldApps', 'upload', 'webhook'])

export function apiOf(method: string, path: string): DingtalkApi | undefined {
  return (routes as Record<string, DingtalkApi>)[`${method} ${path}`]
}

/** The parameters of a request: the body as JSON or form, and those of the address, e.g. the session of a webhook. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export async function parseBody(bytes: Buffer, type: string | undefined, query: URLSearchParams): Promise<any> {
  const params = Object.fromEntries(query)
  if (!type?.startsWith('multipart/form-data')) return { ...params, ...bytes.length ? JSON.parse(String(bytes)) : {} }
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  return { ...params, ...Object.fromEntries(form) }
}
