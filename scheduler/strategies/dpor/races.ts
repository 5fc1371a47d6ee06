import { FAULT } from '../../choice.ts'
import { dependent, type Event, NOBODY, unknown } from './event.ts'
import type { Node, Path } from './path.ts'
import { Branch, insert, NOT_FIRST, prune, Sequence } from './tree.ts'

/** What a run that is over asks for: each of its races the other way round. */

/** A step could be turned round with one before it. */
export interface Race {
  readonly first: number
  /** The last step that had a say in what was asked for, -1 before that. */
  last: number
  /** Whether every step had, so that another one behind them would have one, too. */
  whole: boolean
  /** What is asleep before the first, and leads to all that was asked for, if it hangs together with none of those steps. */
  witness: Event | null
  /** How often a branch of a tree had been found to touch more than was known: then the answer may be another. */
  widened: number
}

export const raceWith = (first: number): Race => ({ first, last: Infinity, whole: true, witness: null, widened: 0 })

/** A call in which a thread waits for ever, or until it is ended: it, too, could have come earlier. */
export interface Blocked {
  readonly event: Event
  readonly races: readonly Race[]
}

/** How an algorithm asks for other runs; one each. */
export interface Reversals {
  /** A run is over. @param shared how many steps are as they were in the run before */
  reverse(blocked: readonly Blocked[], shared: number): void
  /** What the step has made impossible is to be tried in its place. @param rest what does not come after the step, and leaves the other possible */
  tryInstead(at: number, actor: number, rest: readonly Event[]): void
  /** The first of the branches that there were has been explored; nothing was known of it before, if it was free. */
  explored(node: Node, free: boolean): void
}

/**
 * Turns round every race of a run, also those that were turned round before: what comes behind them may be new. Only
 * where all that the answer hung on is as it was is it not asked for again.
 */
export class Races implements Reversals {
  readonly #path: Path
  readonly #sequence: Sequence
  /** Of each step, those that race with it and are to be looked at. */
  readonly #seconds: number[][] = []
  /** What is left of the run when a step comes later: the steps, and which they are. */
  readonly #events: Event[] = []
  readonly #steps: number[] = []

  constructor(path: Path) {
    this.#path = path
    this.#sequence = new Sequence(path.places)
  }

  reverse(blocked: readonly Blocked[], shared: number): void {
    const { nodes, clocks } = this.#path
    clocks.meet(shared, nodes.length)
    for (let second = 0; second < nodes.length; second++) {
      const { sequence, races } = nodes[second] as Node // below length
      if (sequence === 0) continue
      for (let i = 0; i < races.length; i++) {
        const race = races[i] as Race // below length
        if (second >= shared || !this.#isSettled(race, shared)) this.#secondsOf(race.first).push(second)
      }
    }
    for (let first = 0; first < nodes.length; first++) this.#turn(first, blocked)
    for (const { cut } of nodes)
      for (const { event, races } of cut) for (const { first } of races) this.#resume(first, event)
  }

  /** Whether the same would come of the race as before. */
  #isSettled({ first, last, whole, witness, widened }: Race, shared: number): boolean {
    const { nodes, clocks, places } = this.#path
    if (witness === null && widened !== this.#sequence.widened) return false
    if (last < shared && (!whole || clocks.isBeforeAll(first))) return true
    if (witness === null) return false
    for (let i = shared; i < nodes.length; i++) {
      const { event } = nodes[i] as Node // below length
      if (!clocks.isBefore(first, i) && dependent(witness, event, places)) return false
    }
    return true
  }

  /** From before the first of two: whatever does not come after it, and then the second. */
  #turn(first: number, blocked: readonly Blocked[]): void {
    const { nodes } = this.#path
    const seconds = this.#secondsOf(first)
    let left = -1
    if (seconds.length > 0 || blocked.length > 0) left = this.#path.notAfter(first, this.#steps, this.#events)
    for (const second of seconds) {
      const { event, races } = nodes[second] as Node // a step of the run
      const race = races.find((one) => one.first === first) as Race // it is why it is here
      race.widened = this.#sequence.widened
      race.witness = this.#ask(first, event, left)
      const { looked } = this.#sequence
      race.whole = looked >= left
      race.last = Math.max(second, left === 0 ? 0 : (this.#steps[Math.min(looked, left - 1)] as number)) // below `left`
      if (!race.whole) race.witness = null // whatever comes behind has no say
    }
    for (const { event, races } of blocked)
      if (races.some((race) => race.first === first)) this.#ask(first, event, left)
    seconds.length = 0
    for (const actor of nodes[first]?.lost ?? NOBODY)
      this.tryInstead(first, actor, undisturbed(this.#path, first, actor))
  }

  /** A call that was ended while it waited, in place of what it could not go on after. */
  #resume(first: number, event: Event): void {
    const rest = undisturbed(this.#path, first, event.actor)
    this.#ask(first, event, rest.length, rest)
  }

  /**
   * What a step makes impossible is tried in its place, and behind all that does not come after the step. As nobody knows
   * yet what it would touch, it goes before what is planned already: that is looked through when more is known.
   */
  tryInstead(at: number, actor: number, rest: readonly Event[]): void {
    const node = this.#path.nodes[at] as Node // it made something impossible
    const { tried, branches } = node
    this.#path.loses = true
    const possible = knownOf(actor, node)
    if (possible !== null) {
      for (const event of possible) if (event.actor === actor) this.#ask(at, event, rest.length, rest)
      return
    }
    const event = unknown(actor)
    if (!tried.includes(actor)) {
      tried.push(actor)
      branches.splice(1, 0, new Branch(event))
    }
    if (rest.length === 0) return
    this.#sequence.begin(rest, rest.length, event)
    insert(this.#sequence, branches)
  }

  explored({ event, branches }: Node, free: boolean): void {
    if (free) prune(branches, event, this.#path.places)
  }

  /** Asks for what is left with the second behind it, unless something that is asleep leads to all of that: then returns it. */
  #ask(first: number, second: Event, left: number, events: readonly Event[] = this.#events): Event | null {
    const { sleep, branches } = this.#path.nodes[first] as Node // a step of the run
    const sequence = this.#sequence
    sequence.begin(events, left, second)
    for (let i = 0; i < sleep.length; i++) {
      const witness = sleep[i] as Event // below length
      sequence.looked = -1
      if (sequence.initial(witness) !== NOT_FIRST) return witness
    }
    sequence.looked = -1
    insert(sequence, branches)
    return null
  }

  #secondsOf(first: number): number[] {
    let seconds = this.#seconds[first]
    if (seconds === undefined) {
      seconds = []
      this.#seconds[first] = seconds
    }
    return seconds
  }
}

/** Whether all that the actor could do is asleep. */
export function isAsleep(sleep: readonly Event[], actor: number): boolean {
  let picks = 0
  let count = 0
  for (const event of sleep) {
    if (event.actor !== actor) continue
    if (event.counts.length === 0) return true
    if (event.counts.length > 1) continue
    picks += 1
    count = event.counts[0] ?? 0
  }
  return count > 0 && picks >= count
}

/** What is known of the actor's next step at a point, for all that could be picked inside; `null`: nothing yet. */
export function knownOf(actor: number, { sleep, known, tried }: Node): readonly Event[] | null {
  if (isAsleep(sleep, actor)) return sleep
  if (isAsleep(known, actor)) return known
  return tried.includes(actor) && sleep.some((event) => event.actor === actor) ? sleep : null
}

/** The steps behind that one which do not come after it, and leave it possible what it has made impossible. */
export function undisturbed(path: Path, step: number, actor: number): Event[] {
  const { nodes, clocks, names, threads } = path
  const thread = threads[actor] ?? -1
  const isFault = FAULT.has(names[actor]?.charAt(0) ?? '')
  const events: Event[] = []
  const disturbing = [step]
  for (let i = step + 1; i < nodes.length; i++) {
    const node = nodes[i] as Node // below length
    if (node.sequence === 0) break
    if (disturbing.some((other) => clocks.isBefore(other, i))) continue
    if (node.event.reaches.includes(thread) || (node.exhausts && isFault)) disturbing.push(i)
    else events.push(node.event)
  }
  return events
}
