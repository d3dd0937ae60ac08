import { isDeepStrictEqual } from 'node:util'
import type { Gemini, GeminiRequest } from 'testkit'
import { createGemini, scenarios } from 'testkit'
import { machineTime } from '../servers/clock'
import type { ManyConversationsOptions, MessageState, Workload } from '../servers/many-conversations'
import type { ConversationResult, ModelAnswer } from './checks'
import { checkConversation } from './checks'
import { ServerProcess } from './process'

/** Many users of gemini-chat, which runs in a separate process, and the mock Gemini API in this one. */
export class ManyConversations {
  /** Chunks per answer. */
  chunkCount = 6
  /** Mean milliseconds between two chunks. */
  chunkGap = 5
  /** Number of answers stopped by `pauseAnswers`. */
  pausedAnswers = 0
  private resumed?: Promise<void>
  private answers: ModelAnswer[] = []
  private answering = new Set<string>()
  private mixups = 0
  private interleavings = 0

  private constructor(readonly server: ServerProcess, readonly gemini: Gemini) {
    gemini.respond(request => this.answer(request))
  }

  static async start(options: Omit<ManyConversationsOptions, 'baseUrl'> = {}): Promise<ManyConversations> {
    const gemini = await createGemini()
    const server = await ServerProcess.start('many-conversations', { ...options, baseUrl: gemini.url })
    return new ManyConversations(server, gemini)
  }

  /** Creates users in Koishi's database. */
  async createUsers(userIds: string[]) {
    await this.server.call('createUsers', userIds)
  }

  /** Sends the messages of all users and waits for the answers. */
  async run(workload: Workload): Promise<ConversationResult> {
    const startedAt = machineTime()
    await this.server.call('run', workload)
    const seconds = (machineTime() - startedAt) / 1000
    const states = await this.server.call<MessageState[]>('takeStates')
    const answers = this.answers.splice(0)
    const result: ConversationResult = {
      answers: 0,
      mixups: this.mixups,
      interleavings: this.interleavings,
      delays: [],
      rate: answers.flatMap(({ writtenAt }) => writtenAt).length / seconds,
    }
    this.mixups = this.interleavings = 0
    for (const userId of workload.userIds) {
      const ofUser = <T extends { userId: string }>(list: T[]) => list.filter(item => item.userId === userId)
      checkConversation(result, ofUser(states), ofUser(answers))
    }
    return result
  }

  /** Stops answers in the middle. @returns a function that resumes them */
  pauseAnswers(): () => void {
    let release!: () => void
    this.resumed = new Promise(resolve => release = resolve)
    return () => {
      this.resumed = undefined
      release()
    }
  }

  /** Bytes of heap in use in the chat's process. */
  heap(): Promise<number> {
    return this.server.call('heap')
  }

  /** Number of conversations in the history. */
  storedConversations(): Promise<number> {
    return this.server.call('storedConversations')
  }

  async stop() {
    await this.server.stop()
    await this.gemini.close()
  }

  private answer({ question, body }: GeminiRequest) {
    const [, userId, turn] = /^(\S+) asks (\d+)$/.exec(question)!
    const answer: ModelAnswer = { userId, chunks: this.chunksOf(question), writtenAt: [] }
    const questions = Array.from({ length: +turn }, (_, index) => `${userId} asks ${index}`)
    const expected = [...questions.flatMap(question => [question, this.chunksOf(question).join('')]), question]
    if (!isDeepStrictEqual(expected, body.contents.map(textOf))) this.mixups++
    if (this.answering.has(userId)) this.interleavings++
    this.answering.add(userId)
    this.answers.push(answer)
    const onWrite = (index: number) => {
      answer.writtenAt.push(machineTime())
      if (index === this.chunkCount - 1) this.answering.delete(userId)
    }
    return scenarios.text(...answer.chunks.flatMap((chunk, index) => [this.pauseBefore(index, onWrite), chunk]))
  }

  /** An answer that names its question, with about 25 tokens per chunk. */
  private chunksOf(question: string): string[] {
    const rest = Array.from({ length: this.chunkCount - 1 }, (_, index) => `${index} and some more words. `.repeat(4))
    return [`answer to ${question}: `, ...rest]
  }

  /** A pause that starts when it is awaited and ends when its chunk is written. */
  private pauseBefore(index: number, onWrite: (index: number) => void): PromiseLike<void> {
    const wait = async () => {
      await new Promise(resolve => setTimeout(resolve, this.chunkGap * (0.75 + Math.random() / 2)))
      if (index === this.chunkCount >> 1 && this.resumed) {
        this.pausedAnswers++
        await this.resumed
      }
      onWrite(index)
    }
    return { then: (resolve, reject) => wait().then(resolve, reject) }
  }
}

function textOf({ parts }: { parts: { text: string }[] }): string {
  return parts.map(({ text }) => text).join('')
}
