import { type Event, NOBODY } from './event.ts'

/** What is picked inside a step: as planned, and beyond that the first that is not asleep. */
export class Picked {
  readonly picks: number[] = []
  readonly counts: number[] = []
  readonly #plan: readonly number[]
  readonly #asleep: readonly Event[]

  /** @param sleep steps that need not be made here */
  constructor(plan: Event | null, sleep: readonly Event[]) {
    this.#plan = plan?.picks ?? NOBODY
    this.#asleep = plan === null ? [] : sleep.filter(({ actor }) => actor === plan.actor)
  }

  next(count: number): number {
    const at = this.picks.length
    let pick = this.#plan[at] ?? 0
    if (this.#plan[at] === undefined) while (pick < count - 1 && this.#isAsleep(pick)) pick += 1
    this.picks.push(pick)
    this.counts.push(count)
    return pick
  }

  #isAsleep(pick: number): boolean {
    const { length } = this.picks
    return this.#asleep.some(
      ({ picks }) =>
        picks.length === length + 1 && picks[length] === pick && this.picks.every((one, i) => one === picks[i]),
    )
  }

  /** What is to be picked when all that begins like the step has been tried; `null`: nothing is left. */
  static after({ picks, counts }: Event): readonly number[] | null {
    for (let at = picks.length - 1; at >= 0; at--) {
      const pick = (picks[at] ?? 0) + 1
      if (pick < (counts[at] ?? 0)) return [...picks.slice(0, at), pick]
    }
    return null
  }
}
