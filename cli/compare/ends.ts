import { expectationOf } from '../../explore/index.ts'
import type { Cell, Run } from './matrix.ts'

/** How the runs of a cell came to their ends. */

/** What is to be told of them: `deadlock in 3 of 20`, `2 of 20 given up`; nothing where all came to their end. */
export function endsOf({ runs }: Cell): string[] {
  const counts = new Map<string, number>()
  for (const run of runs) {
    const end = endOf(run)
    if (end !== null) counts.set(end, (counts.get(end) ?? 0) + 1)
  }
  return [...counts].map(([end, count]) => (runs.length === 1 ? end : `${end} in ${count} of ${runs.length}`))
}

function endOf({ failure, ending }: Run): string | null {
  if (failure !== null) return expectationOf(failure)
  return ending === 'pruned' ? 'given up' : null
}

/** 1 when a run fails as nobody expects, or a deadline is missed; 3 when there is a row without any figures. */
export function exitCodeOf(cells: readonly Cell[]): 0 | 1 | 3 {
  const runs = cells.flatMap((cell) => cell.runs)
  const broken = runs.some(({ failure, counts, figures }) => (failure !== null && !counts) || (figures.missed ?? 0) > 0)
  if (broken) return 1
  return cells.some((cell) => !cell.runs.some(({ counts }) => counts)) ? 3 : 0
}
