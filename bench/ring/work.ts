/** What a contender has to do, and how it is told to. */

export interface Work {
  /** Bytes of each message; of records, of the longest. */
  readonly bytes: number
  /** How many are sent and taken at once. */
  readonly batch: number
}

export type Side = 'producer' | 'consumer'

/** Of a round trip, the nanoseconds of each. */
export type Result = readonly number[] | undefined | void

/** Makes something that sends, or takes and checks, so many messages; for a round trip: that sends and awaits the answer, or answers. */
export type Make = (shared: unknown, work: Work) => (count: number) => Result | Promise<Result>

/** One way to get messages from one thread to another. Each side runs in a worker of its own, which sees no other contender. */
export interface Contender {
  /** What both sides get, made anew for each repeat; what of it is moved, not cloned. */
  share(work: Work): { readonly producer: unknown; readonly consumer: unknown; readonly moved?: readonly object[] }
  readonly producer: Make
  readonly consumer: Make
}

/** How many messages each ring holds, whoever's it is, and the most memory that they may take. */
const CAPACITY = 1024
const BYTES_MOST = 4 * 1024 * 1024

export const slotsFor = ({ bytes }: Work): number => Math.min(CAPACITY, BYTES_MOST / bytes)

/** Messages are numbered from 1, in their first word and in their last one; `first` is where the message begins. */
export function stamp(words: Float64Array, first: number, length: number, number: number): void {
  words[first] = number
  words[first + length - 1] = number
}

/** @throws Error where it is not that message: one was lost, doubled, torn or came out of order */
export function check(words: Float64Array, first: number, length: number, number: number): void {
  if (words[first] !== number || words[first + length - 1] !== number)
    throw new Error(`message ${number} is to come, and it is ${words[first]}…${words[first + length - 1]}`)
}
