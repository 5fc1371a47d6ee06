import { BadInput } from '../../kernel/index.ts'
import type { Decider } from '../decider.ts'

/**
 * Depth-first search through every schedule there is: at each point the options are taken in turn, the last point
 * first. It is complete when no point has an option left.
 */
export function dfs(): Decider {
  const taken: number[] = []
  const counts: number[] = []
  let depth = 0
  let exhausted = false

  function decide(count: number): number {
    if (depth === taken.length) {
      taken.push(0)
      counts.push(count)
    }
    if (counts[depth] !== count)
      throw new BadInput(
        'the same choices lead to other options than before: a program keeps state between runs, or draws random numbers of its own',
      )
    const option = taken[depth] ?? 0
    depth += 1
    return option
  }

  /** Moves the last point that has an option left on to it. */
  function backtrack(): boolean {
    while (taken.length > 0) {
      const last = taken.length - 1
      const option = (taken[last] ?? 0) + 1
      if (option < (counts[last] ?? 0)) {
        taken[last] = option
        return true
      }
      taken.pop()
      counts.pop()
    }
    return false
  }

  return {
    name: 'dfs',
    keepsTime: false,
    get complete() {
      return exhausted
    },
    begin(_simulation, index) {
      depth = 0
      if (index === 0) return true
      exhausted = !backtrack()
      return !exhausted
    },
    // A point with one option is no choice, and is not kept.
    next: (machine) => (machine.options === 1 ? 0 : decide(machine.options)),
    pick: (_kind, _thread, count) => (count === 1 ? 0 : decide(count)),
  }
}
