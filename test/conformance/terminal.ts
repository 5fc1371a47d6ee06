/** What the runners tell while they run. */

/** A line that the next one takes the place of, where somebody looks on. */
export function progress(words: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${words}`)
}

export function say(line: string): void {
  progress('')
  console.log(line)
}
