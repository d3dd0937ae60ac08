/** How DingTalk says no: a status and a JSON body. */
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

/** Too many calls of one API within a second. https://open.dingtalk.com/document/orgapp/call-frequency-limit */
export const qpsLimit = () => apiError(403, 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi',
  '您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了')

/** The calls of the month are used up. */
export const countLimit = () => apiError(403, 'Forbidden.AccessDenied.ApiCountLimitForOrg', '企业当月的API调用量已用完')

/** The app was not given the permission. */
export function missingScope(scope: string): DingtalkApiError {
  return {
    ...apiError(403, 'Forbidden.AccessDenied.AccessTokenPermissionDenied', `应用尚未开通所需的权限：[${scope}]`),
    accessdenieddetail: { requiredScopes: [scope] },
  }
}

/** What an address gets for five minutes that asked 10,000 times in 20 seconds: a page, not JSON. */
export const banPage = '<!doctype html><html><body>亲，访问被拒绝了 (blocked by WAF)</body></html>'
