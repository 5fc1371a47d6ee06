import { dependent, doneTo, type Event, note, type Places, placeOf, same } from './event.ts'

/**
 * Wake-up trees: what is still to be explored from a point, as sequences of steps that share their beginnings.
 * Abdulla, Aronis, Jonsson, Sagonas, Optimal dynamic partial order reduction, POPL 2014, section 6.
 */

export class Branch {
  event: Event
  /** In the order in which they will be explored. */
  readonly #children: Branch[] = []
  /** Instead of children: what comes one after the other, from there on. Few of them are ever gone through. */
  #behind: Event[]
  readonly #from: number

  constructor(event: Event, behind: Event[] = NONE, from = 0) {
    this.event = event
    this.#behind = behind
    this.#from = from
    this.free = event.touched === null
  }

  /** Not asked for by a race: whatever else could be picked inside its step is to be tried, too. */
  readonly free: boolean

  get children(): Branch[] {
    const next = this.#behind[this.#from]
    if (next !== undefined) this.#children.push(new Branch(next, this.#behind, this.#from + 1))
    this.#behind = NONE
    return this.#children
  }

  /** Goes on with a sequence as long as there is one way only. Returns where there are others or none for it, `null` at a leaf. */
  follow(sequence: Sequence): Branch[] | null {
    const behind = this.#behind
    let at = this.#from
    for (; at < behind.length; at++) {
      const event = sequence.takeFirst(behind[at] as Event) // below length
      if (event === null) break
      behind[at] = event
    }
    if (at >= behind.length) return this.#children.length === 0 ? null : this.#children
    let branch: Branch = this
    for (let i = this.#from; i < at; i++) branch = branch.children[0] as Branch // it has that one child
    return branch.children
  }
}

const NONE: Event[] = []

/** What a step is to a sequence: its place in it, if it could as well come first; or it is not in it, and could. */
export const NOT_FIRST = -2
export const ABSENT = -1

/** Steps in the order in which they would be made; those at the front are taken off as they are found in a tree. */
export class Sequence {
  readonly #places: Places
  readonly #events: Event[] = []
  #from = 0
  #length = 0
  /** How far anything looked since it was begun: steps behind that had no say. */
  looked = -1
  /** How often a step in a tree was found to touch more than was known of it. */
  widened = 0

  constructor(places: Places) {
    this.#places = places
  }

  /** Begins with so many of those steps, and the last one behind them. */
  begin(events: readonly Event[], length: number, last: Event): void {
    for (let i = 0; i < length; i++) this.#events[i] = events[i] as Event // the caller has so many
    this.#events[length] = last
    this.#from = 0
    this.#length = length + 1
    this.looked = -1
  }

  get isEmpty(): boolean {
    return this.#from === this.#length
  }

  /**
   * Where the step stands, if it could come first: nothing before it hangs together with it. `ABSENT`: it is not there,
   * and hangs together with nothing that is. `NOT_FIRST` otherwise.
   */
  initial(step: Event): number {
    const events = this.#events
    const length = this.#length
    for (let i = this.#from; i < length; i++) {
      const other = events[i] as Event // below length
      if (other !== step && !dependent(step, other, this.#places)) continue
      if (i > this.looked) this.looked = i
      return same(step, other) ? i : NOT_FIRST
    }
    this.looked = length
    // A fault need not happen: where it comes first is another run than where it does not come.
    return step.strikes ? NOT_FIRST : ABSENT
  }

  /**
   * Whether the step could come first; if it is there, it is taken out. Returns the step with all that it was seen to
   * touch, in either place; `null`: it could not.
   */
  takeFirst(step: Event): Event | null {
    const at = this.initial(step)
    if (at === NOT_FIRST) return null
    if (at === ABSENT) return step
    const wider = both(step, this.#take(at))
    if (wider !== step) this.widened += 1
    return wider
  }

  #take(at: number): Event {
    const events = this.#events
    const taken = events[at] as Event // `initial` found it there
    for (let i = at; i > this.#from; i--) events[i] = events[i - 1] as Event // those before it move up
    this.#from += 1
    return taken
  }

  /** As a branch of a tree. */
  chain(): Branch {
    return new Branch(this.#events[this.#from] as Event, this.#events.slice(this.#from + 1, this.#length)) // it is not empty
  }
}

/**
 * Puts a sequence among the branches, unless what is there already leads to all that it would. The branches stay in
 * their order; a new one comes last. Nothing is left of the sequence.
 */
export function insert(sequence: Sequence, branches: Branch[]): void {
  let level = branches
  for (;;) {
    const found = descend(sequence, level)
    if (found === null) {
      if (!sequence.isEmpty) level.push(sequence.chain())
      return
    }
    const next = found.follow(sequence)
    // A leaf is explored freely from there on, and that leads to everything.
    if (next === null) return
    level = next
  }
}

/** The branch with which the sequence could begin; its step is taken out of the sequence. */
function descend(sequence: Sequence, level: readonly Branch[]): Branch | null {
  for (const branch of level) {
    const event = sequence.takeFirst(branch.event)
    if (event === null) continue
    branch.event = event
    return branch
  }
  return null
}

/** A step that was seen in two places, where it may have touched different things: it may touch any of them. */
function both(one: Event, other: Event): Event {
  if (one === other || one.touched === null || other.touched === null) return one
  if (isWithin(other.touched, one.touched) && isWithin(other.reaches, one.reaches)) return one
  const touched = one.touched.slice()
  for (const touch of other.touched) note(touched, placeOf(touch), doneTo(touch))
  return { ...one, touched, reaches: [...new Set([...one.reaches, ...other.reaches])] }
}

const isWithin = (some: readonly number[], all: readonly number[]): boolean => some.every((one) => all.includes(one))

/** Takes out what begins with the step, as far as order matters: it has been explored, and nobody knew beforehand what it would touch. */
export function prune(branches: Branch[], explored: Event, places: Places): void {
  let kept = 0
  for (const branch of branches) {
    if (isCovered(branch, explored, places)) continue
    branches[kept] = branch
    kept += 1
  }
  branches.length = kept
}

/** Whether all that the branch leads to is covered; what of it is, is taken out. */
function isCovered(branch: Branch, explored: Event, places: Places): boolean {
  if (dependent(explored, branch.event, places)) return same(explored, branch.event)
  const { children } = branch
  if (children.length === 0) return !explored.strikes
  prune(children, explored, places)
  return children.length === 0
}
