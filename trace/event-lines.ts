import { Bytes } from './bytes.ts'

/**
 * The event lines of a trace, as bytes in pieces of a fixed number of lines: half a million a second are written, and as
 * strings they would be the collector's main work.
 */

const PIECE_LINES = 128

export class EventLines {
  readonly #pieces: Uint8Array[] = []
  /** The piece that is not yet full. */
  readonly #open = new Bytes()
  #length = 0
  /** Where in its piece the last line starts. */
  #lastFrom = 0
  /** A piece that was read, as lines. */
  #read: readonly string[] = []
  #readAt = -1

  static of(lines: Iterable<string>): EventLines {
    const made = new EventLines()
    for (const line of lines) made.add((bytes) => bytes.text(line))
    return made
  }

  get length(): number {
    return this.#length
  }

  /** Adds the line that `write` writes, without its end. */
  add(write: (bytes: Bytes) => void): void {
    if (this.#readAt === this.#pieces.length) this.#readAt = -1
    this.#lastFrom = this.#open.length
    write(this.#open)
    this.#open.text('\n')
    this.#length += 1
    if (this.#length % PIECE_LINES === 0) this.#pieces.push(this.#open.take())
  }

  /** The line that was added last; there is one. */
  last(): string {
    const closed = this.#pieces.at(-1)
    if (this.#open.length > 0 || closed === undefined) return this.#open.from(this.#lastFrom).slice(0, -1)
    return textOf(closed, this.#lastFrom).slice(0, -1)
  }

  /** The line of a step, from 1, without its end; `undefined` when there is no such step. */
  at(step: number): string | undefined {
    if (step < 1 || step > this.#length) return undefined
    const piece = Math.floor((step - 1) / PIECE_LINES)
    if (this.#readAt !== piece) {
      const closed = this.#pieces[piece]
      this.#read = (closed === undefined ? this.#open.from(0) : textOf(closed, 0)).split('\n')
      this.#readAt = piece
    }
    return this.#read[(step - 1) % PIECE_LINES]
  }

  /** The bytes of all lines, with their ends, in pieces. */
  *bytes(): Generator<Uint8Array> {
    yield* this.#pieces
    if (this.#open.length > 0) yield this.#open.copy()
  }
}

/** Without a copy of the bytes. */
const textOf = ({ buffer, byteOffset, length }: Uint8Array, from: number): string =>
  Buffer.from(buffer, byteOffset + from, length - from).toString()
