/**
 * Records lie in the ring's words one behind the other: a word with the length in bytes and a tag of the user's, then the bytes,
 * up to the next whole word. None is split where the memory begins again: what is left there is skipped.
 */

/** In place of a length: the next record is at the beginning of the memory. */
export const SKIP = -1

/** Words of a record of so many bytes, with its head. */
export const wordsFor = (bytes: number): number => 1 + ((bytes + 7) >>> 3)
