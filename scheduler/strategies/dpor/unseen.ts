import { type Looks, type Machine, type Simulation, textOf, WHOLE, WRITE } from '../../../kernel/index.ts'
import { note, type Place, type Places, READING, touchOf, WRITING } from './event.ts'

/**
 * What the order of steps makes a difference to though no footprint says so. What programs do to the ghost is a read or
 * write of it. And whatever changes what an invariant or *sometimes* condition has ever looked at is a write of one
 * place, so that those come in every order, and checks see whatever they could see.
 */
export class Unseen {
  readonly #looks: Looks
  readonly #simulation: Simulation
  readonly #ghost: Place
  readonly #checks: Place
  /** How much checks had looked at when the search began, or was begun anew. */
  readonly #known: number
  /** All that a step may do of that kind. */
  readonly touches: readonly number[]
  /** The ghost before the step, where it is not known to be seen changed. */
  #before: string | null = null

  /** @param looks as they are told of the runs of the search */
  constructor(looks: Looks, simulation: Simulation, places: Places) {
    this.#looks = looks
    this.#simulation = simulation
    this.#ghost = places.of('?ghost', 0)
    this.#checks = places.of('?checks', 0)
    this.touches = [touchOf(this.#ghost, WRITING), touchOf(this.#checks, WRITING)]
    this.#known = sizeOf(looks)
  }

  /** Whether there is anything of that kind. */
  static isIn({ scenario }: Simulation): boolean {
    return scenario.ghost !== undefined || scenario.invariants !== undefined || scenario.sometimes !== undefined
  }

  /** Checks have looked at more than before: what was made until now may have left something out. */
  get grew(): boolean {
    return sizeOf(this.#looks) !== this.#known
  }

  /** A step is about to be made that is new. */
  before(): void {
    const looks = this.#looks
    looks.ghostRead = false
    looks.ghostWritten = false
    this.#before = looks.allHold || looks.holders.size > 0 ? textOf(this.#simulation.ghost) : null
  }

  /** Adds to what the step just made has touched. */
  add(touched: number[], machine: Machine): void {
    const looks = this.#looks
    const holds = this.#holds(machine)
    const written = looks.ghostWritten || (holds && this.#isChanged())
    if (written || holds || looks.ghostRead) note(touched, this.#ghost, written ? WRITING : READING)
    if (looks.checksState || (written && looks.checksGhost) || this.#changesWord(machine))
      note(touched, this.#checks, WRITING)
  }

  #holds({ actor, finished, kernel }: Machine): boolean {
    const { allHold, holders } = this.#looks
    if (allHold) return true
    if (holders.size === 0) return false
    if (actor !== null && holders.has(actor.id)) return true
    return (
      finished.some(({ thread }) => holders.has(thread)) || kernel.spawned.some(({ thread }) => holders.has(thread))
    )
  }

  #isChanged(): boolean {
    return this.#before === null || textOf(this.#simulation.ghost) !== this.#before
  }

  #changesWord({ call, kernel: { footprint } }: Machine): boolean {
    const { words } = this.#looks
    if (words.size === 0) return false
    const { length, objects, parts, modes } = footprint
    for (let i = 0; i < length; i++) {
      if (((modes[i] ?? 0) & WRITE) === 0) continue
      const seen = words.get(objects[i] ?? '')
      if (seen === undefined) continue
      const part = parts[i] ?? WHOLE
      if (part === WHOLE) return true
      // Of what lies in several words only the first is in the footprint.
      const last = ONE_WORD.has(call?.def.name ?? '') ? part : part + WORDS_MAX
      for (let word = part; word <= last; word++) if (seen.has(word)) return true
    }
    return false
  }
}

/** Grows with whatever is looked at. */
function sizeOf({ words, checksGhost, checksState }: Looks): number {
  let size = (checksGhost ? 1 : 0) + (checksState ? 1 : 0)
  for (const those of words.values()) size += those.size
  return size
}

/** Calls that change the words in their footprint and none beside. */
const ONE_WORD: ReadonlySet<string> = new Set(['store', 'rmw', 'compare_exchange'])
/** So many words has the largest object that lies in memory, but one. */
const WORDS_MAX = 16
