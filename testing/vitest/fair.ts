import { type Decider, type Guided, random } from '../../scheduler/index.ts'

/** So many steps behind the schedule's end the running thread goes on as long as it can, which is what most schedules end with. */
const STRAIGHT_MAX = 200

/**
 * Follows a schedule; long behind its end chance decides, always the same. A thread that spins, in a scenario that was
 * mended since, is not to be left to itself until the steps run out.
 */
export function thenFair(guide: Guided): Decider {
  const fair = random('behind the end')
  let straight = 0
  return {
    name: guide.name,
    keepsTime: false,
    complete: false,
    begin(simulation, index) {
      straight = 0
      fair.begin(simulation, index)
      return guide.begin(simulation, index)
    },
    next(machine) {
      if (guide.over) straight += 1
      return straight > STRAIGHT_MAX ? fair.next(machine) : guide.next(machine)
    },
    pick: (kind, thread, count, label) =>
      straight > STRAIGHT_MAX ? fair.pick(kind, thread, count, label) : guide.pick(kind, thread, count, label),
  }
}
