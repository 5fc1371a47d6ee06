const encoder = new TextEncoder()

/** Text that is written again and again, as bytes. */
export const piece = (text: string): Uint8Array => encoder.encode(text)

/** Beyond this, the native writer is quicker than a loop. */
const SHORT = 24

/** Text written straight into bytes, UTF-8: no strings are joined, so none are left for the collector. */
export class Bytes {
  #buffer = Buffer.allocUnsafe(1 << 16)
  length = 0

  piece(piece: Uint8Array): void {
    if (this.length + piece.length > this.#buffer.length) this.#grow(piece.length)
    this.#buffer.set(piece, this.length)
    this.length += piece.length
  }

  text(text: string): void {
    const count = text.length
    if (this.length + count * 3 > this.#buffer.length) this.#grow(count * 3)
    const buffer = this.#buffer
    let at = this.length
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i)
      if (code > 127 || count > SHORT) {
        this.length += buffer.write(text, this.length)
        return
      }
      buffer[at++] = code
    }
    this.length = at
  }

  /** A number as JSON has it. */
  number(value: number): void {
    if (value < 0 || value > 0x7fffffff || (value | 0) !== value || Object.is(value, -0)) return this.text(`${value}`)
    if (this.length + 10 > this.#buffer.length) this.#grow(10)
    let digits = 1
    for (let power = 10; power <= value; power *= 10) digits++
    const buffer = this.#buffer
    let rest = value
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tens = (rest / 10) | 0
      buffer[at] = 48 + rest - tens * 10
      rest = tens
    }
    this.length += digits
  }

  /** What was written from `from` on, as text. */
  from(from: number): string {
    return this.#buffer.toString('utf8', from, this.length)
  }

  /** A copy of all that was written, which is forgotten. */
  take(): Uint8Array {
    const copy = Buffer.from(this.#buffer.subarray(0, this.length))
    this.length = 0
    return copy
  }

  copy(): Uint8Array {
    return Buffer.from(this.#buffer.subarray(0, this.length))
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.length + count))
    this.#buffer.copy(larger, 0, 0, this.length)
    this.#buffer = larger
  }
}
