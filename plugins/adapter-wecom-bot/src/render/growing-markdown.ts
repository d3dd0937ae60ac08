import { DialectWriter } from 'common/dialect'
import type { Dialect } from 'common/dialect'
import { BlockScanner } from 'common/markdown'
import { complete } from './split'

/** One Markdown text, whole or growing. A text that has grown costs only what has been added. */
export class GrowingMarkdown {
  private readonly writer: DialectWriter
  private readonly scanner = new BlockScanner()

  constructor(dialect: Dialect) {
    this.writer = new DialectWriter(dialect)
  }

  /** @returns the whole text in the dialect, with its open blocks closed */
  write(markdown: string): string {
    return complete(this.writer.write(markdown), this.scanner)
  }
}
