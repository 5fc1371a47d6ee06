/** Messages that tell whose they are, which of its messages, and whether they are whole: each word of 32 bits follows from that. */

export const MESSAGE_BYTES = 40
const MESSAGE_CELLS = MESSAGE_BYTES / 4

function mix(producer: number, seq: number, i: number): number {
  const a = Math.imul(seq ^ (producer << 28) ^ Math.imul(i, 0x9e3779b1), 0x85ebca6b)
  return a ^ (a >>> 15)
}

export function write(cells: Int32Array, at: number, producer: number, seq: number, count = MESSAGE_CELLS): void {
  cells[at] = producer
  cells[at + 1] = seq
  for (let i = 2; i < count; i++) cells[at + i] = mix(producer, seq, i)
}

export interface Stamp {
  producer: number
  seq: number
}

/** @throws Error if a word is not what its producer wrote */
export function read(cells: Int32Array, at: number, stamp: Stamp, count = MESSAGE_CELLS): void {
  const producer = cells[at] ?? -1
  const seq = cells[at + 1] ?? -1
  for (let i = 2; i < count; i++) {
    if (cells[at + i] === mix(producer, seq, i)) continue
    throw new Error(`torn: message ${seq} of producer ${producer}, word ${i} of ${count} is ${cells[at + i]}`)
  }
  stamp.producer = producer
  stamp.seq = seq
}

/** Words of 32 bits of a producer's record: from 2 to `most`. */
export const recordCells = (producer: number, seq: number, most: number): number =>
  2 + ((mix(producer, seq, 1) >>> 1) % (most - 1))
