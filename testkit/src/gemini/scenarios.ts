/** All scenarios, by name. */

export * from './error'
export * from './scenario'
