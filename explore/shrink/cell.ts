/** Something that steps read and write, and the marks of those that did in the run under way. */
export class Cell {
  /** The run that the marks are of; those of another count for none. */
  run = 0
  // The last write, and the sum of the reads since then, each a mark of two halves.
  written = 0
  writtenToo = 0
  read = 0
  readToo = 0
}
