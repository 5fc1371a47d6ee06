/** Rows of text in columns: the first to the left, the others to the right. */
export function table(title: string, rows: readonly (readonly string[])[]): void {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length)
    })
  console.log(`\n  ${title}`)
  for (const row of rows) {
    const cells = row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
    console.log(`  ${cells.join('  ').trimEnd()}`)
  }
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
export const thousands = (n: number): string => `${Math.round(n / 1000)}k`
export const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)}x`

/** Seconds of processor time that the process has used, on all its threads: what else runs on the machine does not count. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
