import { McpServerError } from './error'

/** Largest message of a server: a page of tools, or the result of a call. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/**
 * The body of a response that fails when a message in it is too large: an event of a stream of events, which may itself
 * be endless, or the whole of any other body.
 * @param onTooLarge called before it fails
 */
export function limitMessages(
  body: ReadableStream<Uint8Array>, isEventStream: boolean, onTooLarge: () => void,
): ReadableStream<Uint8Array> {
  let bytes = 0
  let isLineEmpty = true
  return body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      let largest = bytes += chunk.length
      if (isEventStream) {
        const { first, last, isLineEmpty: isEmpty } = endsOfEvents(chunk, isLineEmpty)
        isLineEmpty = isEmpty
        if (last >= 0) {
          largest = bytes - chunk.length + first
          bytes = chunk.length - last
        }
      }
      if (largest > MAX_MESSAGE_BYTES) {
        onTooLarge()
        throw tooLarge()
      }
      controller.enqueue(chunk)
    },
  }))
}

/** @returns where the first and the last event in a piece end, or -1 */
function endsOfEvents(chunk: Uint8Array, wasLineEmpty: boolean) {
  let first = -1
  let last = -1
  let isLineEmpty = wasLineEmpty
  for (let index = 0; index < chunk.length; index++) {
    const byte = chunk[index]
    if (byte === LINE_FEED) {
      if (isLineEmpty) {
        last = index + 1
        if (first < 0) first = last
      }
      isLineEmpty = true
    } else if (byte !== CARRIAGE_RETURN) isLineEmpty = false
  }
  return { first, last, isLineEmpty }
}

export function tooLarge() {
  const megabytes = MAX_MESSAGE_BYTES / 1024 / 1024
  return new McpServerError('assistant-mcp/message-too-large', `the server sent a message of more than ${megabytes} MB`)
}

/** Whether the SDK reports that a program has written a message that is too large. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof McpServerError
    ? error.code === 'assistant-mcp/message-too-large'
    : error instanceof Error && error.message.startsWith('ReadBuffer exceeded maximum size')
}
