/** What is wrong with a request to a ring, by a word that programs can tell apart. */
export type RingErrorCode =
  /** An option, a message or an argument that cannot be used: too large, too small, not a whole number. */
  | 'bad argument'
  /** This is no ring: not a handle of `create`, another version's, or cut off. */
  | 'not a ring'
  /** The ring is one of another kind than the end that was asked for. */
  | 'wrong kind'
  /** Somebody has that end already. */
  | 'taken'
  /** The end was given back, or the ring closed from this side: it can't be used any more. */
  | 'detached'
  /** Shared memory, or blocking, is not to be had here. */
  | 'not here'

/** A request that a ring refuses. That it is full, empty, closed or without a peer is no error: operations return it. */
export class RingError extends Error {
  readonly code: RingErrorCode

  constructor(code: RingErrorCode, message: string) {
    super(message)
    this.name = 'RingError'
    this.code = code
  }
}

/** A value that is refused, as an error names it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** @throws RingError `bad argument` unless the value is a whole number from `least` to `most` */
export function wholeNumber(what: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new RingError('bad argument', `${what} must be a whole number from ${least} to ${most}, not ${shown(value)}`)
}
