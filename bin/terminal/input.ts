import { createInterface } from 'node:readline'

/**
 * Yields input lines until the input ends or Ctrl-C is pressed at the prompt.
 *
 * On a terminal, each line uses a new readline interface. Between two lines Ctrl-C then raises SIGINT, so that an
 * answer can be interrupted.
 */
export async function* readLines(prompt: () => string): AsyncGenerator<string> {
  const { stdin: input, stdout: output } = process
  if (!input.isTTY) {
    yield* createInterface({ input })
    return
  }
  let history: string[] = []
  for (;;) {
    const reader = createInterface({ input, output, history })
    reader.on('history', lines => history = [...lines])
    const line = await new Promise<string | undefined>((resolve) => {
      reader.once('close', () => resolve(undefined))
      reader.question(prompt(), resolve)
    })
    reader.close()
    if (line === undefined) return void output.write('\n')
    yield line
  }
}
