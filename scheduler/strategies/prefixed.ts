import type { Choice } from '../choice.ts'
import type { Decider } from '../decider.ts'
import { replay } from './replay.ts'

/**
 * Every run begins with the same choices, and only what comes after them is the other decider's: for questions about
 * what can still become of a run that has come so far. Until the choices are used up the other decider isn't asked.
 * A choice that can't happen is a `Departure`.
 */
export function prefixed(choices: readonly Choice[], inner: Decider): Decider {
  const beginning = replay(choices, inner.name)
  return {
    get name() {
      return inner.name
    },
    keepsTime: inner.keepsTime,
    get complete() {
      return inner.complete
    },
    get bound() {
      return inner.bound ?? null
    },
    get share() {
      return inner.share ?? null
    },
    samples: inner.samples ?? false,
    learned: () => inner.learned?.() ?? null,
    promise: (learned) => inner.promise?.(learned) ?? null,
    get traces() {
      return inner.traces ?? null
    },
    get needsEnds() {
      return inner.needsEnds ?? false
    },
    reduces: inner.reduces ?? false,
    ended: (simulation, ending) => inner.ended?.(simulation, ending),
    begin(simulation, index) {
      beginning.begin(simulation, 0)
      return inner.begin(simulation, index)
    },
    next: (machine) => (beginning.over ? inner.next(machine) : beginning.next(machine)),
    pick: (kind, thread, count, label) =>
      beginning.over ? inner.pick(kind, thread, count, label) : beginning.pick(kind, thread, count, label),
  }
}
