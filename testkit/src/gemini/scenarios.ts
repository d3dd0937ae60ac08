/** Everything the stand-in can do, by name. */

export * from './error'
export * from './scenario'
