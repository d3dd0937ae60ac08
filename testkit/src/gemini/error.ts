/**
 * The errors of the Gemini API.
 * @see https://ai.google.dev/gemini-api/docs/troubleshooting
 */

import type { Scenario } from './scenario'
import type { ErrorBody } from './wire'
import { errorBody } from './wire'

/** A response with an error body and its status. */
export function apiError(body: ErrorBody, headers?: Record<string, string>): Scenario {
  return { status: body.error.code, headers, body }
}

/** The same error wrapped in an array, as Google sends it on streaming routes. */
export const wrapped = (scenario: Scenario): Scenario => ({ ...scenario, body: [scenario.body] })

const quota = (quotaId: string, quotaValue: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{
    quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
    quotaId,
    quotaDimensions: { location: 'global' },
    quotaValue,
  }],
})

const retry = (seconds: number) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` })

const reason = (reason: string) => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason,
  domain: 'googleapis.com',
  metadata: { service: 'generativelanguage.googleapis.com' },
})

/** 429, too many requests per minute. RetryInfo holds the time to wait. */
export const rateLimited = (seconds = 2) => apiError(
  errorBody(429, 'RESOURCE_EXHAUSTED', `You exceeded your current quota. Please retry in ${seconds}s.`,
    quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier', '10'), retry(seconds)),
)

/** 429, the daily quota is used up. Its RetryInfo is far too short. */
export const dailyQuota = () => apiError(
  errorBody(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan and billing details.',
    quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier', '250'), retry(36)),
)

export const overloaded = () => apiError(errorBody(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'))

export const internal = () => apiError(errorBody(500, 'INTERNAL', 'An internal error has occurred.'))

export const badKey = () => apiError(
  errorBody(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', reason('API_KEY_INVALID')),
)

export const noKey = () => apiError(
  errorBody(403, 'PERMISSION_DENIED', 'Method doesn\'t allow unregistered callers. Please use API Key.'),
)

export const region = () => apiError(
  errorBody(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
)

export const unknownModel = (model: string) => apiError(
  errorBody(404, 'NOT_FOUND', `models/${model} is not found for API version v1beta, or is not supported for this method.`),
)

/** 400, an invalid request. */
export const invalid = (message: string) => apiError(errorBody(400, 'INVALID_ARGUMENT', message))
