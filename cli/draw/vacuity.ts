import type { CallPlace, Vacuity } from '../../explore/index.ts'
import type { Colors } from '../terminal.ts'
import { indent, table } from './table.ts'

/** Rows of such a table. */
const CALLS_MAX = 40

/** What nothing has put to the test, in tables. */
export function vacuityLines({ runs, neverContended, neverWaited }: Vacuity, colors: Colors): string[] {
  const among = `in ${runs} run${runs === 1 ? '' : 's'}`
  return [
    ...calls(`never contended: no other thread touched the same, unless both only read (${among})`, neverContended),
    ...calls(`never had to wait (${among})`, neverWaited),
  ]

  function calls(title: string, all: readonly CallPlace[]): string[] {
    if (all.length === 0) return [`${title}: no call`]
    const rows = all.slice(0, CALLS_MAX).map(({ call, line }) => [call, line ?? ''])
    const more = all.length > CALLS_MAX ? [`… and ${all.length - CALLS_MAX} more`] : []
    return [title, ...indent([...table(['call', 'at'], rows, colors.dim), ...more])]
  }
}
