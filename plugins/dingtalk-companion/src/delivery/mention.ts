/** A person who asked in a group. */
export interface Asker {
  /** The staff id. */
  id: string
  name: string
}

/** The mention of the person who asked, which the first message of an answer carries. */
export class Mention {
  constructor(private person: Asker | undefined) {}

  /** Whom to mention now. */
  get asker(): Asker | undefined {
    return this.person
  }

  /** The mention was delivered. */
  done() {
    this.person = undefined
  }
}
