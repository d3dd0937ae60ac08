/**
 * Base of all errors of the plugins. `code` comes from a closed set, `<plugin>/<what>` in param-case, so that plugin
 * authors can tell errors apart without `instanceof`. `message` says what failed and what to do.
 *
 * Subclasses set `name` themselves: class names do not survive bundling.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  /** @param options.cause the error below, where there is one and it holds no secrets */
  constructor(readonly code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
  }
}
