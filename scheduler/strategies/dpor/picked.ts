import { type Event, NOBODY } from './event.ts'

/** What is picked inside a step: as planned, and beyond that the first that is not asleep. */
export class Picked {
  picks: readonly number[] = NOBODY
  counts: readonly number[] = NOBODY
  #plan: readonly number[] = NOBODY
  #actor = -1
  #sleep: readonly Event[] = []

  /** A step begins. @param sleep steps that need not be made here */
  begin({ actor, picks }: Event, sleep: readonly Event[]): void {
    this.#plan = picks
    this.#actor = actor
    this.#sleep = sleep
    this.picks = NOBODY
    this.counts = NOBODY
  }

  next(count: number): number {
    const at = this.picks.length
    let pick = this.#plan[at] ?? 0
    if (this.#plan[at] === undefined) while (pick < count - 1 && this.#isAsleep(pick)) pick += 1
    this.picks = [...this.picks, pick]
    this.counts = [...this.counts, count]
    return pick
  }

  #isAsleep(pick: number): boolean {
    const { length } = this.picks
    return this.#sleep.some(
      ({ actor, picks }) =>
        actor === this.#actor &&
        picks.length === length + 1 &&
        picks[length] === pick &&
        this.picks.every((one, i) => one === picks[i]),
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
