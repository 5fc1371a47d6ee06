import type { Decider } from '../decider.ts'

/** Runs of one in a row, at most. */
const BURST = 16

/**
 * Several samplers by turns: one run of each, two of each, and so on. Whichever is the best for a bug, it takes few more
 * runs than there are samplers times those that it would take alone. Its name is that of the one whose run it is.
 */
export function byTurns(samplers: readonly Decider[]): Decider {
  const made = samplers.map(() => 0)
  let at = 0
  let burst = 1
  let left = burst
  let now = samplers[at] as Decider // there is one at least

  function turn(): void {
    left -= 1
    if (left > 0) return
    at = (at + 1) % samplers.length
    if (at === 0 && burst < BURST) burst += 1
    left = burst
    now = samplers[at] ?? now
  }

  /** The one that has something to say of what is published. */
  const speaker = samplers.find(({ learned }) => learned !== undefined)

  return {
    get name() {
      return now.name
    },
    keepsTime: false,
    samples: true,
    complete: false,
    learned: () => speaker?.learned?.() ?? null,
    promise: (learned) => speaker?.promise?.(learned) ?? null,
    begin(simulation, index) {
      if (index > 0) turn()
      const of = made[at] ?? 0
      made[at] = of + 1
      return now.begin(simulation, of)
    },
    next: (machine) => now.next(machine),
    pick: (kind, thread, count, label) => now.pick(kind, thread, count, label),
    ended: (simulation, ending) => now.ended?.(simulation, ending),
  }
}
