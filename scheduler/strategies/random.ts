import type { Decider } from '../decider.ts'
import { numbers } from '../numbers.ts'

/** Steps that a run is taken to have before one was made. */
const FIRST_STEPS = 16

/**
 * A random walk: every thread and timer that can go on is equally likely at every step; a fault strikes about once a run,
 * or all would have struck within the first few steps. The whole sequence of runs comes from one stream, seeded
 * once: seeding takes longer than many a run.
 */
export function random(seed: string): Decider {
  const stream = numbers(seed)
  /** The longest run so far. */
  let longest = FIRST_STEPS
  return {
    name: 'random',
    keepsTime: false,
    samples: true,
    complete: false,
    begin: () => true,
    next(machine) {
      const { options, ordinary, steps } = machine
      if (options === 1) return 0
      if (options === ordinary) return stream.below(options)
      if (steps > longest) longest = steps
      if (stream.below(longest) === 0) return ordinary + stream.below(options - ordinary)
      return ordinary === 1 ? 0 : stream.below(ordinary)
    },
    pick: (_kind, _thread, count) => (count === 1 ? 0 : stream.below(count)),
  }
}
