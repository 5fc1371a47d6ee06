import type { Machine } from '../../kernel/index.ts'
import type { Decider } from '../decider.ts'
import { numbers } from '../numbers.ts'
import { Foresight, type Standing } from './foresight.ts'

/**
 * Partial order sampling: every step that a thread stands before has a random priority of its own, and the highest that
 * can be made is; those that race with it, for which it matters that it came first, then draw anew, and the others keep
 * theirs. So orders that make no difference get no weight of their own. Yuan, Yang, Gu, Partial order aware concurrency
 * sampling, CAV 2018.
 *
 * Departures from the paper: what a step is going to touch is not known here but expected, of what it touched before, and
 * one that was never made races with any: the first run is little more than a random walk (see foresight.ts). The next
 * timer counts as a thread; faults strike at random, about once a run.
 */
export function pos(seed: string): Decider {
  const stream = numbers(seed)
  const foresight = new Foresight()
  /** The longest run so far. */
  let longest = FIRST_STEPS

  function next(machine: Machine): number {
    const { options, ordinary, ready, steps } = machine
    const touched = foresight.touched(machine)
    if (options > ordinary) {
      if (steps > longest) longest = steps
      if (stream.below(longest) === 0) {
        foresight.moves(null)
        return ordinary + stream.below(options - ordinary)
      }
    }
    let highest = 0
    let mover: Standing | null = null
    for (let option = 0; option < ordinary; option++) {
      const standing = option < ready.size ? foresight.of(machine, ready.at(option)) : foresight.ofTimer(machine)
      if (standing.isFresh || foresight.races(machine, touched, standing)) standing.value = stream.below(PRIORITIES)
      if (mover !== null && standing.value <= mover.value) continue
      highest = option
      mover = standing
    }
    foresight.moves(mover)
    return highest
  }

  return {
    name: 'pos',
    keepsTime: false,
    samples: true,
    complete: false,
    begin() {
      foresight.begin()
      return true
    },
    next,
    pick: (_kind, _thread, count) => (count === 1 ? 0 : stream.below(count)),
    ended({ machine }) {
      foresight.touched(machine)
    },
  }
}

/** So many that two steps hardly ever share one. */
const PRIORITIES = 2 ** 30
/** Steps that a run is taken to have while none was made. */
const FIRST_STEPS = 16
