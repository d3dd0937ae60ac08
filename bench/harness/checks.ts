import type { State } from '../servers/crowd'

/** What somebody asked, and how it was answered. */
export interface Answer {
  person: string
  pieces: string[]
  /** When each piece was written. */
  written: number[]
}

/** What became of what was asked since the last time. */
export interface Outcome {
  /** Answers that could be read whole, by whoever had asked. */
  answers: number
  /** Requests that carried anything but their own conversation, and answers shown to somebody else. */
  mixups: number
  /** Answers that were begun before the one before them in the same conversation was over. */
  interleavings: number
  /** From each piece leaving the stand-in to the bot being told to show it, in milliseconds. */
  delays: number[]
  /** Pieces per second. */
  rate: number
}

/**
 * Compares what one person was shown with what the stand-in said to him.
 * @param outcome what is added to
 */
export function judge(outcome: Outcome, states: State[], answers: Answer[]) {
  // What is shown before an answer begins, such as that it is thought about, is none.
  const shown = states.filter(({ text }) => text.startsWith('answer to '))
  const known = answers.map(({ pieces }) => pieces.join('').trimEnd())
  const turnOf = ({ text }: State) => known.findIndex(whole => whole.startsWith(text.trimEnd()))
  let last = 0
  for (const [index, state] of shown.entries()) {
    const turn = turnOf(state)
    if (turn < 0) outcome.mixups++
    else if (turn < last || (turn > last && shown[index - 1]?.text.trimEnd() !== known[last])) outcome.interleavings++
    last = Math.max(last, turn)
  }
  for (const { pieces, written } of answers) {
    let text = ''
    for (const [index, piece] of pieces.entries()) {
      text += piece
      const whole = text.trimEnd()
      const state = shown.find(state => state.text.startsWith(whole))
      if (!state) continue
      outcome.delays.push(state.at - written[index])
      if (index === pieces.length - 1) outcome.answers++
    }
  }
}
