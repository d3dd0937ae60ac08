import type { MessageState } from '../servers/many-conversations'

/** An answer of the mock model. */
export interface ModelAnswer {
  userId: string
  chunks: string[]
  /** When each chunk was written, in milliseconds of the machine's clock. */
  writtenAt: number[]
}

/** The results of one run of conversations. */
export interface ConversationResult {
  /** Answers displayed completely to the user who asked. */
  answers: number
  /** Requests with messages of another conversation, and answers displayed to another user. */
  mixups: number
  /** Answers begun before the previous one of the same conversation was complete. */
  interleavings: number
  /** Milliseconds from each chunk being written to a call of `createMessage` or `editMessage` with it. */
  delays: number[]
  /** Chunks per second. */
  rate: number
}

/** Compares what was displayed to one user with what the model answered, and adds the findings to the result. */
export function checkConversation(result: ConversationResult, states: MessageState[], answers: ModelAnswer[]) {
  // Status lines such as the thinking notice are not part of an answer.
  const displayed = states.filter(({ text }) => text.startsWith('answer to '))
  const expected = answers.map(({ chunks }) => chunks.join('').trimEnd())
  const turnOf = ({ text }: MessageState) => expected.findIndex(whole => whole.startsWith(text.trimEnd()))
  const isComplete = (state: MessageState | undefined, whole: string) => state?.text.trimEnd() === whole
  let last = 0
  for (const [index, state] of displayed.entries()) {
    const turn = turnOf(state)
    if (turn < 0) result.mixups++
    else if (turn < last || (turn > last && !isComplete(displayed[index - 1], expected[last]))) result.interleavings++
    last = Math.max(last, turn)
  }
  for (const { chunks, writtenAt } of answers) {
    let text = ''
    for (const [index, chunk] of chunks.entries()) {
      text += chunk
      const prefix = text.trimEnd()
      const state = displayed.find(state => state.text.startsWith(prefix))
      if (!state) continue
      result.delays.push(state.at - writtenAt[index])
      if (index === chunks.length - 1) result.answers++
    }
  }
}
