/** An error of the old API, which comes with the HTTP status 200. */
export function oldApiError(errcode: number, errmsg: string) {
  return { errcode, errmsg }
}

/** An error response of DingTalk's API: the HTTP status, and the fields of the JSON body. */
export interface DingtalkApiError {
  status: number
  code: string
  message: string
  accessdenieddetail?: { requiredScopes: string[] }
}

function apiError(status: number, code: string, message: string): DingtalkApiError {
  return { status, code, message }
}

export const invalidToken = () => apiError(400, 'InvalidAuthentication', '不合法的access_token')

export const wrongSecret = () => apiError(400, 'invalidClientIdOrSecret', '无效的clientId或者clientSecret')

export const unknownPath = () => apiError(404, 'InvalidAction.NotFound', 'Specified api is not found, please check your url and method.')

export const invalid = (parameter: string, message: string) => apiError(400, `param.${parameter}`, message)

/**
 * Too many calls of one API within a second.
 * @see https://open.dingtalk.com/document/orgapp/call-frequency-limit
 */
export const qpsLimit = () => apiError(403, 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi',
  '您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了')

/** The monthly quota is used up. */
export const countLimit = () => apiError(403, 'Forbidden.AccessDenied.ApiCountLimitForOrg', '企业当月的API调用量已用完')

/** The app lacks a permission. */
export function missingScope(scope: string): DingtalkApiError {
  return {
    ...apiError(403, 'Forbidden.AccessDenied.AccessTokenPermissionDenied', `应用尚未开通所需的权限：[${scope}]`),
    accessdenieddetail: { requiredScopes: [scope] },
  }
}

/** The HTML page that an address gets for five minutes after 10,000 calls in 20 seconds. */
export const banPage = '<!doctype html><html><body>亲，访问被拒绝了 (blocked by WAF)</body></html>'
