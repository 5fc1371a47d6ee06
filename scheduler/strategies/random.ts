import type { Decider } from '../decider.ts'
import { numbers } from '../numbers.ts'

/**
 * A random walk: every option equally likely at every step. The whole sequence of runs comes from one stream, seeded
 * once; run i of seed s is the same wherever it is made, by making the runs before it.
 */
export function random(seed: string): Decider {
  const stream = numbers(seed)
  return {
    name: 'random',
    keepsTime: false,
    complete: false,
    begin: () => true,
    next(machine) {
      const { options } = machine
      return options === 1 ? 0 : stream.below(options)
    },
    pick: (_kind, _thread, count) => (count === 1 ? 0 : stream.below(count)),
  }
}
