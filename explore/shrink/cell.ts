/** Something that steps read and write, and the mark of the last that wrote it in the run under way. */
export class Cell {
  /** The run that the mark is of; that of another counts for none. */
  run = 0
  /** A mark has two halves. */
  a = 0
  b = 0
}
