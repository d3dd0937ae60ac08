/** All scenarios, by name. */

export * from './error'
export * from './quirks'
export * from './scenario'
