import type { KernelState, Machine, Task } from '../../../kernel/index.ts'
import type { Clocks } from './clocks.ts'
import { doneTo, type Place, type Places, POSTING, placeOf, READING, touchOf, updates } from './event.ts'
import { type Value, Values } from './values.ts'

/** What was done to each place in the run under way, and what it held before. */

/** The steps that touched a place, in order. */
class Accesses {
  /** Each with what it does, as a touch has its place. */
  readonly steps: number[] = []
  /** What the place held before each. */
  readonly before: Value[] = []
}

export class History {
  readonly values: Values
  readonly #places: Places
  readonly #clocks: Clocks
  readonly #accesses: Accesses[] = []

  constructor(places: Places, clocks: Clocks) {
    this.values = new Values(places)
    this.#places = places
    this.#clocks = clocks
  }

  of(place: Place): Accesses {
    for (let i = this.#accesses.length; i <= place; i++) this.#accesses.push(new Accesses())
    return this.#accesses[place] as Accesses // just made, if it wasn't there
  }

  /** Puts what a step has done to a place behind the rest. */
  add(step: number, touch: number, state: KernelState): void {
    const place = placeOf(touch)
    const { steps, before } = this.of(place)
    const held = this.values.pass(state, place, doneTo(touch) !== READING)
    steps.push(touchOf(step, doneTo(touch)))
    before.push(held)
    if (doneTo(touch) === POSTING && !(isFarFromFull(held) && isFarFromFull(this.values.at(place))))
      this.#places.takeStrictly(place)
  }

  /** Takes the last of that back. */
  takeBack(place: Place): void {
    const { steps, before } = this.of(place)
    steps.pop()
    this.values.restore(place, before.pop())
  }

  /** Whether the guard that the thread stands at would be open before the step, if all that comes after it is left out, too. */
  wouldHold(machine: Machine, task: Task, guarded: readonly number[], step: number): boolean {
    return this.values.wouldHold(machine, task, this.#held(guarded, step))
  }

  /** What those places held before the step, if all that comes after it is left out, too. */
  #held(guarded: readonly number[], step: number): (readonly [Place, Value])[] {
    const held: (readonly [Place, Value])[] = []
    for (const touch of guarded) {
      const place = placeOf(touch)
      const { steps, before } = this.of(place)
      const isLeftOut = (access: number): boolean =>
        placeOf(access) >= step && this.#clocks.isBefore(step, placeOf(access))
      const at = steps.findIndex(isLeftOut)
      if (at < 0) continue
      let value = before[at]
      // What others have added meanwhile is there all the same.
      for (let i = at + 1; typeof value === 'number' && i < steps.length; i++) {
        const access = steps[i] as number // below length
        if (updates(access) && !isLeftOut(access)) value = (value + this.added(place, i)) | 0
      }
      held.push([place, value])
    }
    return held
  }

  /** How much an access of the place has added to what it holds. */
  added(place: Place, i: number): number {
    const { before } = this.of(place)
    const from = before[i]
    const to = i + 1 < before.length ? before[i + 1] : this.values.at(place)
    return typeof from === 'number' && typeof to === 'number' ? (to - from) | 0 : Number.NaN
  }
}

/** A semaphore that may overflow is not posted to in any order. No run has as many steps as there are beyond. */
const isFarFromFull = (value: Value): boolean => typeof value === 'number' && value >= 0 && value < 2 ** 30
