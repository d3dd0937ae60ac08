import { isDeepStrictEqual } from 'node:util'
import type { Gemini, GeminiRequest } from 'testkit'
import { createGemini, scenarios } from 'testkit'
import { Server } from '.'
import { now } from '../servers/clock'
import type { CrowdOptions, State, Talk } from '../servers/crowd'
import type { Answer, Outcome } from './checks'
import { judge } from './checks'

/** Many people, the chat they talk to in a process of its own, and the stand-in for Gemini in this one. */
export class Crowd {
  /** How many pieces an answer comes in, and about how many milliseconds there are between two. */
  pieces = 6
  gap = 5
  /** How many answers have stopped halfway. */
  halfway = 0
  private hold?: Promise<void>
  private answers: Answer[] = []
  private open = new Set<string>()
  private mixups = 0
  private interleavings = 0

  private constructor(readonly server: Server, readonly gemini: Gemini) {
    gemini.respond(request => this.answer(request))
  }

  static async start(options: Omit<CrowdOptions, 'baseUrl'> = {}): Promise<Crowd> {
    const gemini = await createGemini()
    return new Crowd(await Server.start('crowd', { ...options, baseUrl: gemini.url }), gemini)
  }

  /** Makes people known to Koishi. */
  async introduce(people: string[]) {
    await this.server.ask('introduce', people)
  }

  /** Lets people talk until everybody is answered. */
  async talk(talk: Talk): Promise<Outcome> {
    const begun = now()
    await this.server.ask('talk', talk)
    const seconds = (now() - begun) / 1000
    const states = await this.server.ask<State[]>('take')
    const answers = this.answers.splice(0)
    const outcome: Outcome = {
      answers: 0,
      mixups: this.mixups,
      interleavings: this.interleavings,
      delays: [],
      rate: answers.flatMap(({ written }) => written).length / seconds,
    }
    this.mixups = this.interleavings = 0
    for (const person of talk.people) {
      const own = <T extends { person: string }>(list: T[]) => list.filter(item => item.person === person)
      judge(outcome, own(states), own(answers))
    }
    return outcome
  }

  /** Lets answers stop halfway. @returns what lets them go on */
  stopHalfway(): () => void {
    let release!: () => void
    this.hold = new Promise(resolve => release = resolve)
    return () => {
      this.hold = undefined
      release()
    }
  }

  /** Bytes in use in the process of the chat. */
  heap(): Promise<number> {
    return this.server.ask('heap')
  }

  /** How many conversations are remembered. */
  remembered(): Promise<number> {
    return this.server.ask('remembered')
  }

  async stop() {
    await this.server.stop()
    await this.gemini.close()
  }

  private answer({ question, body }: GeminiRequest) {
    const [, person, turn] = /^(\S+) asks (\d+)$/.exec(question)!
    const answer: Answer = { person, pieces: this.piecesOf(question), written: [] }
    const asked = Array.from({ length: +turn }, (_, index) => `${person} asks ${index}`)
    const said = [...asked.flatMap(question => [question, this.piecesOf(question).join('')]), question]
    if (!isDeepStrictEqual(said, body.contents.map(textOf))) this.mixups++
    if (this.open.has(person)) this.interleavings++
    this.open.add(person)
    this.answers.push(answer)
    const write = (index: number) => {
      answer.written.push(now())
      if (index === this.pieces - 1) this.open.delete(person)
    }
    return scenarios.text(...answer.pieces.flatMap((piece, index) => [this.pause(index, write), piece]))
  }

  /** An answer names its question, and goes on with about 25 tokens in each piece. */
  private piecesOf(question: string): string[] {
    const rest = Array.from({ length: this.pieces - 1 }, (_, index) => `${index} and what else there is to say. `.repeat(3))
    return [`answer to ${question}: `, ...rest]
  }

  /** Begins when it is waited for, and ends as the piece behind it is written. */
  private pause(index: number, write: (index: number) => void): PromiseLike<void> {
    const wait = async () => {
      await new Promise(resolve => setTimeout(resolve, this.gap * (0.75 + Math.random() / 2)))
      if (index === this.pieces >> 1 && this.hold) {
        this.halfway++
        await this.hold
      }
      write(index)
    }
    return { then: (resolve, reject) => wait().then(resolve, reject) }
  }
}

function textOf({ parts }: { parts: { text: string }[] }): string {
  return parts.map(({ text }) => text).join('')
}
