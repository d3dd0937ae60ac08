/** The package's index would also load the limiters for databases and clusters: 50 ms at each start. */
declare module 'rate-limiter-flexible/lib/RateLimiterMemory' {
  export { RateLimiterMemory as default } from 'rate-limiter-flexible'
}

declare module 'rate-limiter-flexible/lib/RateLimiterRes' {
  export { RateLimiterRes as default } from 'rate-limiter-flexible'
}
